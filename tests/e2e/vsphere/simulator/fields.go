package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// Of all custom attributes; the library leaves the type out, and a client may insist on it.
const fieldType = "string"

// addField makes a custom attribute, and says of which type its values are.
func (s *server) addField(w http.ResponseWriter, r *http.Request, c *call) {
	answered := httptest.NewRecorder()
	s.service.ServeSDK(answered, r)
	request, err := c.decode()
	if err != nil || answered.Code != http.StatusOK {
		w.WriteHeader(answered.Code)
		_, _ = w.Write(answered.Body.Bytes())
		return
	}
	asked := request.(*types.AddCustomFieldDef)
	manager := simulator.Map.Get(c.this).(*simulator.CustomFieldsManager)
	for i := range manager.Field {
		field := &manager.Field[i]
		field.Type = fieldType
		if field.Name != asked.Name {
			continue
		}
		found := *field
		answer(w, http.StatusOK, func(out *bytes.Buffer) error {
			fmt.Fprintf(out, `<%sResponse xmlns="%s">`, c.method, namespace)
			start := xml.StartElement{Name: xml.Name{Local: "returnval"}}
			if err := xml.NewEncoder(out).EncodeElement(found, start); err != nil {
				return err
			}
			_, err := fmt.Fprintf(out, `</%sResponse>`, c.method)
			return err
		})
		return
	}
}

// setField gives an object's custom attribute a value; the library keeps the old one beside it.
func setField(r *types.SetField) {
	entity, ok := simulator.Map.Get(r.Entity).(mo.Entity)
	if !ok {
		return
	}
	simulator.Map.WithLock(entity, func() {
		owner := entity.Entity()
		owner.CustomValue = without(owner.CustomValue, r.Key)
		owner.Value = without(owner.Value, r.Key)
	})
}

func without(
	values []types.BaseCustomFieldValue, key int32,
) []types.BaseCustomFieldValue {
	var kept []types.BaseCustomFieldValue
	for _, each := range values {
		if each.GetCustomFieldValue().Key != key {
			kept = append(kept, each)
		}
	}
	return kept
}
