package main

import (
	"encoding/json"
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What a test may set; all times are in seconds.
type settings struct {
	Task float64 `json:"task"` // from a task's start to its effect
	Idle float64 `json:"idle"` // after which a session expires; 0 for never
	Boot float64 `json:"boot"` // from power-on to the guest's addresses
	Page int     `json:"page"` // objects in one answer of the property collector; 0 for all
	// Addresses that the network gives out by DHCP; a negative number for as many as are wanted.
	Leases int `json:"leases"`
	// Memory in MiB that running machines may have together; 0 for no limit.
	Memory int64 `json:"memory"`
	// The first two bytes of the guests' addresses.
	Network string `json:"network"`
	// Privileges that the user does not have.
	Denied []string `json:"denied"`
}

type order struct {
	Do        string            `json:"do"`
	Settings  json.RawMessage   `json:"settings"`
	Fault     rule              `json:"fault"`
	Machine   wanted            `json:"machine"`
	Datastore string            `json:"datastore"`
	Bytes     int64             `json:"bytes"`
	Item      item              `json:"item"`
	Addresses map[string]string `json:"addresses"`
}

// Counters since the last reset.
type counters struct {
	Calls  map[string]int `json:"calls"`
	Logins int            `json:"logins"`
	// Tasks that were running or queued at one moment, at most.
	Most int `json:"most"`
	// Tasks that are running or queued now.
	Running int `json:"running"`
	// Faults that were asked for and have not happened.
	Left int `json:"left"`
}

// command does what a test asks for in a line of JSON.
func (s *server) command(line []byte) (interface{}, error) {
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return nil, err
	}
	switch o.Do {
	case "set":
		s.mu.Lock()
		defer s.mu.Unlock()
		return nil, json.Unmarshal(o.Settings, &s.settings)
	case "fault":
		return nil, s.rules.add(o.Fault)
	case "mend":
		s.rules.clear()
		return nil, nil
	case "count":
		return s.count(), nil
	case "reset":
		s.mu.Lock()
		s.calls, s.logins, s.most = map[string]int{}, 0, s.running
		s.mu.Unlock()
		return nil, nil
	case "expire":
		s.expire()
		return nil, nil
	case "forget":
		s.forgetTasks()
		return nil, nil
	case "make":
		s.world.Lock()
		defer s.world.Unlock()
		return s.make(o.Machine)
	case "stock":
		return s.stock(o.Item)
	case "free":
		return nil, s.free(o.Datastore, o.Bytes)
	case "lead":
		s.guests.lead(o.Addresses)
		return nil, nil
	}
	return nil, fmt.Errorf("there is no command '%s'", o.Do)
}

func (s *server) count() counters {
	left := s.rules.left()
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make(map[string]int, len(s.calls))
	for name, number := range s.calls {
		calls[name] = number
	}
	return counters{calls, s.logins, s.most, s.running, left}
}

// forgetTasks removes tasks that have ended, as a vCenter does after some minutes.
func (s *server) forgetTasks() {
	var ended []reference
	manager := taskManager()
	manager.Lock()
	recent := append([]reference{}, manager.RecentTask...)
	manager.Unlock()
	for _, each := range recent {
		task, ok := simulator.Map.Get(each).(*simulator.Task)
		if ok && (task.Info.State == types.TaskInfoStateSuccess ||
			task.Info.State == types.TaskInfoStateError) {
			ended = append(ended, each)
		}
	}
	for _, each := range ended {
		hide(each)
	}
}

// free sets how much is free in a datastore.
func (s *server) free(name string, bytes int64) error {
	for _, each := range simulator.Map.All("Datastore") {
		if store := each.(*simulator.Datastore); store.Name == name {
			resize(store, bytes)
			return nil
		}
	}
	return fmt.Errorf("there is no datastore '%s'", name)
}

func resize(store *simulator.Datastore, bytes int64) {
	simulator.Map.WithLock(store, func() {
		store.Summary.FreeSpace, store.Info.GetDatastoreInfo().FreeSpace = bytes, bytes
		if store.Summary.Capacity < bytes {
			store.Summary.Capacity = bytes
		}
	})
}
