package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	vapi "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const sessionPath = "/rest/com/vmware/cis/session"

// Content libraries: the library's own simulator of them, behind passwords that are looked at and
// copies that take time and leave something behind when they are cut short.
type shelf struct {
	rest     http.Handler
	sessions map[string]bool
	items    map[string]item
}

// An item that a test has put there.
type item struct {
	Library string `json:"library"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Tools   bool   `json:"tools"`
}

func newShelf(s *simulator.Service) *shelf {
	_, handler := vapi.New(s.Listen, nil)
	return &shelf{handler, map[string]bool{}, map[string]item{}}
}

// ServeHTTP answers one call of the REST interface.
func (s *server) serveRest(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	r.Body = nopCloser{&body}
	name := "rest:" + restName(r)
	s.mu.Lock()
	s.calls[name]++
	s.mu.Unlock()
	rule := s.rules.take(name, body.Bytes())
	if rule != nil {
		switch rule.Kind {
		case "before":
			drop(w)
			return
		case "expire":
			s.expire()
		case "call":
			restFault(w, "com.vmware.vapi.std.errors.error", rule.Message)
			return
		}
	}
	recorded := httptest.NewRecorder()
	s.answerRest(recorded, r, body.Bytes(), rule)
	if rule != nil && rule.Kind == "after" {
		drop(w)
		return
	}
	for key, values := range recorded.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(recorded.Body.Bytes())
}

type nopCloser struct{ *bytes.Buffer }

func (nopCloser) Close() error { return nil }

// restName is a short name of a call, for example deploy, find or session.
func restName(r *http.Request) string {
	for _, key := range []string{"action", "~action"} {
		if action := r.URL.Query().Get(key); action != "" {
			return action
		}
	}
	base := path.Base(r.URL.Path)
	if strings.HasPrefix(base, "id:") {
		return path.Base(path.Dir(r.URL.Path))
	}
	return base
}

func (s *server) answerRest(w http.ResponseWriter, r *http.Request, body []byte, rule *rule) {
	if r.URL.Path == sessionPath && r.Method == http.MethodPost {
		who, word, _ := r.BasicAuth()
		if who != user || word != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		recorded := httptest.NewRecorder()
		s.shelf.rest.ServeHTTP(recorded, r)
		var made struct{ Value string }
		_ = json.Unmarshal(recorded.Body.Bytes(), &made)
		s.mu.Lock()
		s.shelf.sessions[made.Value] = true
		s.mu.Unlock()
		_, _ = w.Write(recorded.Body.Bytes())
		return
	}
	s.mu.Lock()
	known := s.shelf.sessions[r.Header.Get("vmware-api-session-id")]
	s.mu.Unlock()
	switch {
	case !known:
		w.WriteHeader(http.StatusUnauthorized)
	case restName(r) == "deploy":
		s.deploy(w, r, body, rule)
	default:
		s.shelf.rest.ServeHTTP(w, r)
	}
}

// deploy makes a machine of an item, in a task that goes on when nobody waits for it any more.
func (s *server) deploy(w http.ResponseWriter, r *http.Request, body []byte, rule *rule) {
	id := strings.TrimPrefix(path.Base(r.URL.Path), "id:")
	found, ok := s.shelf.items[id]
	if !ok {
		http.NotFound(w, r)
		return
	}
	var asked struct {
		Spec struct {
			Name, Description string
			Placement         struct {
				Folder, Resource_pool string
			}
		}
		Target          struct{ Resource_pool_id, Folder_id string }
		Deployment_spec struct{ Name, Annotation string }
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		restFault(w, "com.vmware.vapi.std.errors.invalid_argument", err.Error())
		return
	}
	made := wanted{Name: asked.Spec.Name, Note: asked.Spec.Description,
		Folder: asked.Spec.Placement.Folder, Tools: found.Tools, Cards: 1}
	if found.Kind == "ovf" {
		made.Name, made.Note = asked.Deployment_spec.Name, asked.Deployment_spec.Annotation
		made.Folder = asked.Target.Folder_id
	}
	reference, fault := s.copy(made, rule)
	switch {
	case fault != nil && found.Kind == "ovf":
		restValue(w, map[string]interface{}{"succeeded": false, "error": map[string]interface{}{
			"errors": []interface{}{map[string]interface{}{"error": messages(message(fault))}},
		}})
	case fault != nil:
		restFault(w, "com.vmware.vapi.std.errors.error", message(fault))
	case found.Kind == "ovf":
		restValue(w, map[string]interface{}{"succeeded": true, "resource_id": map[string]string{
			"type": reference.Type, "id": reference.Value,
		}})
	default:
		restValue(w, reference.Value)
	}
}

// copy waits for a task that makes a machine.
func (s *server) copy(made wanted, rule *rule) (reference, types.BaseMethodFault) {
	_, pool := places()
	c := &call{method: "DeployLibraryItem", user: user, rule: rule}
	ref, fault := s.begin(c, work{entity: pool, name: "deploy", do: func() (
		types.AnyType, types.BaseMethodFault,
	) {
		folder, ok := simulator.Map.Get(reference{Type: "Folder", Value: made.Folder}).(*simulator.Folder)
		if !ok {
			return nil, new(types.NotFound)
		}
		if other := sibling(folder, made.Name); other != nil {
			return nil, &types.DuplicateName{Name: made.Name, Object: *other}
		}
		id, err := s.make(made)
		if err != nil {
			return nil, &types.SystemError{Reason: err.Error()}
		}
		return reference{Type: "VirtualMachine", Value: id}, nil
	}})
	if fault != nil {
		return reference{}, fault
	}
	task := simulator.Map.Get(ref).(*simulator.Task)
	for {
		var info types.TaskInfo
		simulator.Map.WithLock(task, func() { info = task.Info })
		switch info.State {
		case types.TaskInfoStateSuccess:
			return info.Result.(reference), nil
		case types.TaskInfoStateError:
			return reference{}, info.Error.Fault
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// stock puts an item into a library, which it makes where it is not there.
func (s *server) stock(put item) (string, error) {
	token, err := s.ask("POST", sessionPath, "", nil)
	if err != nil {
		return "", err
	}
	for known := range s.shelf.items {
		if s.shelf.items[known].Library == put.Library {
			return "", fmt.Errorf("the library '%s' has an item already", put.Library)
		}
	}
	store := simulator.Map.All("Datastore")[0].Reference().Value
	backing := []map[string]string{{"datastore_id": store, "type": "DATASTORE"}}
	within, err := s.ask("POST", "/rest/com/vmware/content/local-library", token,
		map[string]interface{}{"create_spec": map[string]interface{}{
			"name": put.Library, "type": "LOCAL", "storage_backings": backing,
		}})
	if err != nil {
		return "", err
	}
	id, err := s.ask("POST", "/rest/com/vmware/content/library/item", token,
		map[string]interface{}{"create_spec": map[string]string{
			"library_id": within, "name": put.Name, "type": put.Kind,
		}})
	s.shelf.items[id] = put
	return id, err
}

func (s *server) ask(method, path, token string, body interface{}) (string, error) {
	text, _ := json.Marshal(body)
	request := httptest.NewRequest(method, path, bytes.NewReader(text))
	request.SetBasicAuth(user, password)
	request.Header.Set("vmware-api-session-id", token)
	recorded := httptest.NewRecorder()
	s.shelf.rest.ServeHTTP(recorded, request)
	var answer struct{ Value string }
	if err := json.Unmarshal(recorded.Body.Bytes(), &answer); err != nil {
		return "", fmt.Errorf("%s: %d %s", path, recorded.Code, recorded.Body)
	}
	return answer.Value, nil
}

func restValue(w http.ResponseWriter, value interface{}) {
	_ = json.NewEncoder(w).Encode(map[string]interface{}{"value": value})
}

func restFault(w http.ResponseWriter, kind, words string) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]interface{}{"type": kind, "value": messages(words)})
}

func messages(words string) map[string]interface{} {
	return map[string]interface{}{
		"messages": []map[string]string{{"default_message": words}},
	}
}
