package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

// A rule is one fault that a test has asked for.
type rule struct {
	Method string `json:"method"`
	// What happens: "call" (the call is refused), "task" (its task fails), "before" and "after"
	// (the connection is dropped before or after the call had its effect), "expire" (all sessions
	// end, this call is refused), "delay" (the answer takes longer).
	Kind    string          `json:"kind"`
	Fault   string          `json:"fault"`
	Fields  json.RawMessage `json:"fields"`
	Message string          `json:"message"`
	// Calls that are let through before, and calls that it then happens to.
	Skip    int     `json:"skip"`
	Times   int     `json:"times"`
	Match   string  `json:"match"`
	Seconds float64 `json:"seconds"`
}

type rules struct {
	sync.Mutex
	all []*rule
}

func (r *rules) add(made rule) error {
	switch made.Kind {
	case "call", "task":
		if _, err := made.fault(); err != nil {
			return err
		}
	case "before", "after", "expire", "delay":
	default:
		return fmt.Errorf("there is no kind of fault '%s'", made.Kind)
	}
	if made.Times == 0 {
		made.Times = 1
	}
	r.Lock()
	defer r.Unlock()
	r.all = append(r.all, &made)
	return nil
}

// take returns the rule for a call, if there is one, and uses it up.
func (r *rules) take(method string, body []byte) *rule {
	r.Lock()
	defer r.Unlock()
	for _, each := range r.all {
		if each.Method != method || each.Times == 0 {
			continue
		}
		if each.Match != "" && !bytes.Contains(body, []byte(each.Match)) {
			continue
		}
		if each.Skip > 0 {
			each.Skip--
			continue
		}
		if each.Times > 0 { // a negative number never ends
			each.Times--
		}
		return each
	}
	return nil
}

// left says how many faults have not happened yet.
func (r *rules) left() int {
	r.Lock()
	defer r.Unlock()
	sum := 0
	for _, each := range r.all {
		if each.Times > 0 {
			sum += each.Times
		}
	}
	return sum
}

func (r *rules) clear() {
	r.Lock()
	defer r.Unlock()
	r.all = nil
}

// fault makes the fault that the rule names, with its fields.
func (r *rule) fault() (types.BaseMethodFault, error) {
	kind, ok := typeOf(r.Fault)
	if !ok {
		return nil, fmt.Errorf("there is no fault '%s'", r.Fault)
	}
	made, ok := reflect.New(kind).Interface().(types.BaseMethodFault)
	if !ok {
		return nil, fmt.Errorf("'%s' is no fault", r.Fault)
	}
	if len(r.Fields) > 0 {
		if err := json.Unmarshal(r.Fields, made); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (r *rule) words(fault types.BaseMethodFault) string {
	if r.Message != "" {
		return r.Message
	}
	return message(fault)
}
