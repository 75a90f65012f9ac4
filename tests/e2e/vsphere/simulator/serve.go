package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// What may be called without a login.
var open = map[string]bool{
	"RetrieveServiceContent": true, "Login": true, "LoginByToken": true, "SessionIsActive": true,
}

type session struct {
	user string
	last time.Time
}

// A server stands before the simulator's own: it counts, fails on demand, and lets tasks take time.
type server struct {
	service *simulator.Service
	rules   rules
	// Held while a task has its effect, so that each one sees a world that does not move.
	world  sync.Mutex
	guests guests
	saved  map[types.ManagedObjectReference]saved
	pages  pages
	shelf  *shelf

	mu       sync.Mutex
	settings settings
	sessions map[string]*session
	calls    map[string]int
	logins   int
	busy     map[types.ManagedObjectReference]types.ManagedObjectReference
	running  int
	most     int
	stop     map[types.ManagedObjectReference]chan struct{}
}

func newServer(service *simulator.Service) *server {
	service.RegisterSDK(simulator.Map)
	return &server{
		service:  service,
		guests:   newGuests(),
		saved:    map[types.ManagedObjectReference]saved{},
		pages:    pages{waiting: map[string][]types.ObjectContent{}},
		sessions: map[string]*session{},
		calls:    map[string]int{},
		busy:     map[types.ManagedObjectReference]types.ManagedObjectReference{},
		stop:     map[types.ManagedObjectReference]chan struct{}{},
	}
}

// One request, as far as it was read.
type call struct {
	method string
	this   types.ManagedObjectReference
	body   []byte
	user   string
	rule   *rule
}

func (c *call) decode() (interface{}, error) {
	decoded, err := simulator.UnmarshalBody(nameOf, c.body)
	if err != nil {
		return nil, err
	}
	return decoded.Body, nil
}

// ServeHTTP answers one call of the SOAP interface.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	name, object := called(body)
	id, user := s.admit(r)
	c := &call{method: name, this: object, body: body, user: user}
	s.mu.Lock()
	s.calls[name]++
	s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !open[name] || user != "" {
		c.rule = s.rules.take(name, body)
	}
	if c.rule != nil && s.failed(w, c) {
		return
	}
	if c.rule != nil && c.rule.Kind == "after" {
		s.reply(httptest.NewRecorder(), r, c, id)
		drop(w)
		return
	}
	s.reply(w, r, c, id)
}

// failed does what a rule says instead of answering; false where the call is to be answered.
func (s *server) failed(w http.ResponseWriter, c *call) bool {
	switch c.rule.Kind {
	case "delay":
		time.Sleep(seconds(c.rule.Seconds))
	case "before":
		drop(w)
		return true
	case "expire":
		s.expire()
		c.user = ""
	case "call":
		fault, _ := c.rule.fault()
		answerFault(w, c.rule.words(fault), fault)
		return true
	}
	return false
}

func (s *server) reply(w http.ResponseWriter, r *http.Request, c *call, id string) {
	if c.user == "" && !open[c.method] {
		fault := &types.NotAuthenticated{
			NoPermission: types.NoPermission{Object: c.this, PrivilegeId: "System.View"},
		}
		answerFault(w, message(fault), fault)
		return
	}
	if s.handle(w, r, c) {
		return
	}
	s.service.ServeSDK(w, r)
	switch c.method {
	case "Login":
		s.remember(w, c)
	case "Logout":
		s.mu.Lock()
		delete(s.sessions, id)
		s.mu.Unlock()
	}
}

// admit finds a request's session, unless it was idle for too long.
func (s *server) admit(r *http.Request) (string, string) {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return "", ""
	}
	id := strings.Trim(cookie.Value, `"`)
	now := time.Now()
	s.mu.Lock()
	found, ok := s.sessions[id]
	idle := s.settings.Idle
	late := ok && idle > 0 && now.Sub(found.last) > seconds(idle)
	if ok && !late {
		found.last = now
	}
	s.mu.Unlock()
	if late {
		s.forget(id)
	}
	if !ok || late {
		return "", ""
	}
	return id, found.user
}

func (s *server) remember(w http.ResponseWriter, c *call) {
	for _, cookie := range (&http.Response{Header: w.Header()}).Cookies() {
		if cookie.Name != soap.SessionCookieName {
			continue
		}
		request, err := c.decode()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.logins++
		s.sessions[cookie.Value] = &session{request.(*types.Login).UserName, time.Now()}
		s.mu.Unlock()
	}
}

func (s *server) forget(id string) {
	s.mu.Lock()
	delete(s.sessions, id)
	s.mu.Unlock()
	manager := simulator.Map.SessionManager()
	manager.TerminateSession(s.context(manager.Self), &types.TerminateSession{
		This: manager.Self, SessionId: []string{id},
	})
}

// expire ends all sessions.
func (s *server) expire() {
	s.mu.Lock()
	ids := make([]string, 0, len(s.sessions))
	for id := range s.sessions {
		ids = append(ids, id)
	}
	s.shelf.sessions = map[string]bool{}
	s.mu.Unlock()
	for _, id := range ids {
		s.forget(id)
	}
}

// drop closes a connection without an answer.
func drop(w http.ResponseWriter) {
	if taker, ok := w.(http.Hijacker); ok {
		if connection, _, err := taker.Hijack(); err == nil {
			_ = connection.Close()
		}
	}
}

func seconds(number float64) time.Duration {
	return time.Duration(number * float64(time.Second))
}
