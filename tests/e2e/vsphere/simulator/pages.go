package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// What the property collector still has to tell, by token.
type pages struct {
	sync.Mutex
	count   int
	waiting map[string][]types.ObjectContent
}

// page cuts an answer of the property collector into pages, as a vCenter does with long ones.
func (s *server) page(w http.ResponseWriter, r *http.Request, c *call) bool {
	s.mu.Lock()
	size := s.settings.Page
	s.mu.Unlock()
	if size == 0 {
		return false
	}
	switch c.method {
	case "RetrievePropertiesEx":
		whole := httptest.NewRecorder()
		s.service.ServeSDK(whole, r)
		var read struct {
			Body struct {
				Res *types.RetrievePropertiesExResponse `xml:"RetrievePropertiesExResponse"`
			}
		}
		decoder := xml.NewDecoder(bytes.NewReader(whole.Body.Bytes()))
		decoder.TypeFunc = nameOf
		err := decoder.Decode(&read)
		if err != nil || whole.Code != http.StatusOK || read.Body.Res.Returnval == nil {
			w.WriteHeader(whole.Code)
			_, _ = w.Write(whole.Body.Bytes())
			return true
		}
		s.give(w, c.method, read.Body.Res.Returnval.Objects, size)
	case "ContinueRetrievePropertiesEx":
		request, err := c.decode()
		if err != nil {
			return false
		}
		token := request.(*types.ContinueRetrievePropertiesEx).Token
		s.pages.Lock()
		rest, ok := s.pages.waiting[token]
		delete(s.pages.waiting, token)
		s.pages.Unlock()
		if !ok {
			fault := &types.InvalidArgument{InvalidProperty: "token"}
			answerFault(w, message(fault), fault)
			return true
		}
		s.give(w, c.method, rest, size)
	default:
		answerNothing(w, c.method)
	}
	return true
}

// fetch reads one property; where that is unset the library panics, and a vCenter says nothing.
func (s *server) fetch(w http.ResponseWriter, r *http.Request, c *call) {
	whole := httptest.NewRecorder()
	defer func() {
		if recover() != nil {
			answerNothing(w, c.method)
			return
		}
		w.WriteHeader(whole.Code)
		_, _ = w.Write(whole.Body.Bytes())
	}()
	s.service.ServeSDK(whole, r)
}

func (s *server) give(w http.ResponseWriter, name string, all []types.ObjectContent, size int) {
	result := types.RetrieveResult{Objects: all}
	if len(all) > size {
		s.pages.Lock()
		s.pages.count++
		result.Token = fmt.Sprint(s.pages.count)
		s.pages.waiting[result.Token] = all[size:]
		s.pages.Unlock()
		result.Objects = all[:size]
	}
	answerValue(w, name, result)
}
