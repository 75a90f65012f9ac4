package main

import (
	"net/http"

	"github.com/vmware/govmomi/vim25/types"
)

// privileges answers what a user may do, without what a test has denied; false where nothing is.
func (s *server) privileges(w http.ResponseWriter, c *call) bool {
	s.mu.Lock()
	denied := map[string]bool{}
	for _, each := range s.settings.Denied {
		denied[each] = true
	}
	s.mu.Unlock()
	request, err := c.decode()
	if err != nil || len(denied) == 0 {
		return false
	}
	result, fault := s.invoke(c.this, c.method, request)
	if fault != nil {
		answerFault(w, message(fault), fault)
		return true
	}
	switch found := result.(type) {
	case []types.UserPrivilegeResult:
		for at := range found {
			found[at].Privileges = allowed(found[at].Privileges, denied)
		}
	case []types.EntityPrivilege:
		for _, each := range found {
			for at := range each.PrivAvailability {
				one := &each.PrivAvailability[at]
				one.IsGranted = one.IsGranted && !denied[one.PrivId]
			}
		}
	}
	answerValue(w, c.method, result)
	return true
}

func allowed(all []string, denied map[string]bool) []string {
	rest := make([]string, 0, len(all))
	for _, each := range all {
		if !denied[each] {
			rest = append(rest, each)
		}
	}
	return rest
}
