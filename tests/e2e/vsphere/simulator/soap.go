package main

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

const (
	opening = xml.Header + `<soapenv:Envelope` +
		` xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"` +
		` xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:xsd="http://www.w3.org/2001/XMLSchema"` +
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>`
	closing = `</soapenv:Body></soapenv:Envelope>`
)

var (
	method    = regexp.MustCompile(`Body[^>]*>\s*<(?:\w+:)?(\w+)`)
	this      = regexp.MustCompile(`_this[^>]*\btype="(\w+)"[^>]*>([^<]+)<`)
	typeOf    = types.TypeFunc()
	namespace = "urn:" + vim25.Namespace
)

// nameOf reads a type's name as pyvmomi writes it, with a prefix or without.
func nameOf(name string) (reflect.Type, bool) {
	if found, ok := typeOf(name); ok {
		return found, true
	}
	return typeOf(name[strings.LastIndex(name, ":")+1:])
}

// called says which method of which object a request calls, without reading the rest of it.
func called(body []byte) (string, types.ManagedObjectReference) {
	var name string
	var object types.ManagedObjectReference
	if found := method.FindSubmatch(body); found != nil {
		name = string(found[1])
	}
	if found := this.FindSubmatch(body); found != nil {
		object.Type, object.Value = string(found[1]), string(found[2])
	}
	return name, object
}

func answer(w http.ResponseWriter, status int, write func(*bytes.Buffer) error) {
	var out bytes.Buffer
	out.WriteString(opening)
	if err := write(&out); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out.WriteString(closing)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// answerTask tells which task a method with the suffix _Task has begun.
func answerTask(w http.ResponseWriter, name string, task types.ManagedObjectReference) {
	answer(w, http.StatusOK, func(out *bytes.Buffer) error {
		_, err := fmt.Fprintf(
			out, `<%sResponse xmlns="%s"><returnval type="Task">%s</returnval></%sResponse>`,
			name, namespace, task.Value, name)
		return err
	})
}

// answerNothing is for methods that return nothing.
func answerNothing(w http.ResponseWriter, name string) {
	answer(w, http.StatusOK, func(out *bytes.Buffer) error {
		_, err := fmt.Fprintf(out, `<%sResponse xmlns="%s"></%sResponse>`, name, namespace, name)
		return err
	})
}

// answerValue tells what a method returns; the parts of a list one after the other.
func answerValue(w http.ResponseWriter, name string, value interface{}) {
	answer(w, http.StatusOK, func(out *bytes.Buffer) error {
		fmt.Fprintf(out, `<%sResponse xmlns="%s">`, name, namespace)
		start := xml.StartElement{Name: xml.Name{Local: "returnval"}}
		encoder := xml.NewEncoder(out)
		if list := reflect.ValueOf(value); list.Kind() == reflect.Slice {
			for at := 0; at < list.Len(); at++ {
				if err := encoder.EncodeElement(list.Index(at).Interface(), start); err != nil {
					return err
				}
			}
		} else if err := encoder.EncodeElement(value, start); err != nil {
			return err
		}
		fmt.Fprintf(out, `</%sResponse>`, name)
		return nil
	})
}

func answerFault(w http.ResponseWriter, message string, fault types.BaseMethodFault) {
	kind := reflect.TypeOf(fault).Elem().Name()
	answer(w, http.StatusInternalServerError, func(out *bytes.Buffer) error {
		out.WriteString(`<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>`)
		if err := xml.EscapeText(out, []byte(message)); err != nil {
			return err
		}
		out.WriteString(`</faultstring><detail>`)
		encoder := xml.NewEncoder(out)
		start := xml.StartElement{Name: xml.Name{Local: kind + "Fault"}, Attr: []xml.Attr{
			{Name: xml.Name{Local: "xmlns"}, Value: namespace},
			{Name: xml.Name{Local: "xsi:type"}, Value: kind},
		}}
		if err := encoder.EncodeElement(fault, start); err != nil {
			return err
		}
		out.WriteString(`</detail></soapenv:Fault>`)
		return nil
	})
}

// message is what a vCenter would say about a fault that comes without words.
func message(fault types.BaseMethodFault) string {
	name := reflect.TypeOf(fault).Elem().Name()
	switch f := fault.(type) {
	case *types.DuplicateName:
		return fmt.Sprintf("The name '%s' already exists.", f.Name)
	case *types.ManagedObjectNotFound:
		return fmt.Sprintf("The object '%s:%s' has already been deleted or has not been "+
			"completely created", f.Obj.Type, f.Obj.Value)
	case *types.InvalidPowerState:
		return "The attempted operation cannot be performed in the current state (" +
			map[types.VirtualMachinePowerState]string{
				types.VirtualMachinePowerStatePoweredOn:  "Powered on",
				types.VirtualMachinePowerStatePoweredOff: "Powered off",
				types.VirtualMachinePowerStateSuspended:  "Suspended",
			}[f.ExistingState] + ")."
	case *types.InvalidArgument:
		return "A specified parameter was not correct: " + f.InvalidProperty
	case *types.NotAuthenticated:
		return "The session is not authenticated."
	case *types.TaskInProgress:
		return "Another task is already in progress."
	}
	return "Fault of the test: " + name
}
