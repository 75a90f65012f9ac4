package main

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type reference = types.ManagedObjectReference

// What a task does when its time has passed.
type job func() (types.AnyType, types.BaseMethodFault)

// What a method is made of: the objects that it needs for itself, and what it does.
type work struct {
	entity reference
	name   string
	locks  []reference
	do     job
}

// handle answers what the simulator's own server does not do, or does differently from a vCenter.
func (s *server) handle(w http.ResponseWriter, r *http.Request, c *call) bool {
	switch c.method {
	case "CancelTask":
		s.cancel(c.this)
		answerNothing(w, c.method)
		return true
	case "ShutdownGuest", "RebootGuest":
		s.askGuest(w, c)
		return true
	case "Fetch":
		s.fetch(w, r, c)
		return true
	case "FetchUserPrivilegeOnEntities", "HasPrivilegeOnEntities", "HasUserPrivilegeOnEntities":
		return s.privileges(w, c)
	case "AddCustomFieldDef":
		s.addField(w, r, c)
		return true
	case "SetField":
		if request, err := c.decode(); err == nil {
			setField(request.(*types.SetField))
		}
		return false
	case "RetrievePropertiesEx", "ContinueRetrievePropertiesEx", "CancelRetrievePropertiesEx":
		return s.page(w, r, c)
	}
	if !strings.HasSuffix(c.method, "_Task") {
		return false
	}
	request, err := c.decode()
	if err != nil {
		return false // the simulator says what is wrong with it
	}
	planned, fault := s.plan(c, request)
	if fault != nil {
		answerFault(w, message(fault), fault)
		return true
	}
	task, fault := s.begin(c, planned)
	if fault != nil {
		answerFault(w, message(fault), fault)
		return true
	}
	answerTask(w, c.method, task)
	return true
}

// begin starts a task, unless another one is at work on an object that it needs for itself.
func (s *server) begin(c *call, planned work) (reference, types.BaseMethodFault) {
	s.mu.Lock()
	for _, each := range planned.locks {
		if task, ok := s.busy[each]; ok {
			s.mu.Unlock()
			return reference{}, &types.TaskInProgress{Task: task}
		}
	}
	task := simulator.CreateTask(planned.entity, planned.name, nil)
	for _, each := range planned.locks {
		s.busy[each] = task.Self
	}
	s.running++
	if s.running > s.most {
		s.most = s.running
	}
	stop := make(chan struct{})
	s.stop[task.Self] = stop
	took := seconds(s.settings.Task)
	s.mu.Unlock()
	simulator.Map.WithLock(task, func() {
		task.Info.Name = c.method
		task.Info.DescriptionId = described(planned.entity.Type, c.method)
		task.Info.EntityName = named(planned.entity)
		task.Info.Reason = &types.TaskReasonUser{UserName: c.user}
		task.Info.Cancelable = true
	})
	go s.perform(c, planned, task, took, stop)
	return task.Self, nil
}

// described is a task's name in a vCenter's messages, for example VirtualMachine.powerOn.
func described(kind, method string) string {
	name := strings.TrimSuffix(method, "_Task")
	if strings.HasSuffix(name, "VM") {
		name = strings.TrimSuffix(name, "VM")
		if name == "Reconfig" {
			name = "Reconfigure"
		}
	}
	return kind + "." + strings.ToLower(name[:1]) + name[1:]
}

func (s *server) perform(
	c *call, planned work, task *simulator.Task, took time.Duration, stop chan struct{},
) {
	change(task, "info.startTime", time.Now(), "info.state", types.TaskInfoStateRunning)
	var result types.AnyType
	var fault types.BaseMethodFault
	words := ""
	const steps = 4
	for step := 1; step <= steps && took > 0 && fault == nil; step++ {
		select {
		case <-stop:
			fault = new(types.RequestCanceled)
		case <-time.After(took / steps):
			change(task, "info.progress", int32(step*100/steps-1))
		}
	}
	if fault == nil && c.rule != nil && c.rule.Kind == "task" {
		fault, _ = c.rule.fault()
		words = c.rule.words(fault)
	}
	if fault == nil {
		s.world.Lock()
		result, fault = safely(planned.do)
		s.world.Unlock()
	}
	s.mu.Lock()
	for _, each := range planned.locks {
		delete(s.busy, each)
	}
	s.running--
	delete(s.stop, task.Self)
	s.mu.Unlock()
	if fault == nil {
		change(task, "info.completeTime", time.Now(), "info.result", result,
			"info.state", types.TaskInfoStateSuccess)
		return
	}
	if words == "" {
		words = message(fault)
	}
	change(task, "info.completeTime", time.Now(),
		"info.error", types.LocalizedMethodFault{Fault: fault, LocalizedMessage: words},
		"info.state", types.TaskInfoStateError)
}

// safely does a job; what makes the simulator's library panic is a fault of the request.
func safely(do job) (result types.AnyType, fault types.BaseMethodFault) {
	defer func() {
		if reason := recover(); reason != nil {
			result, fault = nil, &types.SystemError{Reason: fmt.Sprint(reason)}
		}
	}()
	return do()
}

func (s *server) cancel(task reference) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stop, ok := s.stop[task]; ok {
		close(stop)
		delete(s.stop, task)
	}
}

// change sets properties of an object, given as path and value in turn.
func change(object mo.Reference, pairs ...interface{}) {
	changes := make([]types.PropertyChange, 0, len(pairs)/2)
	for at := 0; at < len(pairs); at += 2 {
		changes = append(changes, types.PropertyChange{Name: pairs[at].(string), Val: pairs[at+1]})
	}
	simulator.Map.WithLock(object, func() { simulator.Map.Update(object, changes) })
}

func (s *server) context(caller reference) *simulator.Context {
	return &simulator.Context{
		Context: context.Background(),
		Session: &simulator.Session{Registry: simulator.NewRegistry()},
		Caller:  &caller,
		Map:     simulator.Map,
	}
}

// invoke runs a method of the simulator's own; a task that it makes has ended, and is taken away.
func (s *server) invoke(
	object reference, method string, request interface{},
) (types.AnyType, types.BaseMethodFault) {
	handler := simulator.Map.Get(object)
	if handler == nil {
		return nil, &types.ManagedObjectNotFound{Obj: object}
	}
	name := strings.Title(strings.Replace(method, "_Task", "Task", 1))
	found := reflect.ValueOf(handler).MethodByName(name)
	if !found.IsValid() {
		return nil, &types.NotSupported{}
	}
	var arguments []reflect.Value
	if found.Type().NumIn() == 2 {
		arguments = append(arguments, reflect.ValueOf(s.context(object)))
	}
	arguments = append(arguments, reflect.ValueOf(request))
	var body soap.HasFault
	simulator.Map.WithLock(handler, func() {
		body = found.Call(arguments)[0].Interface().(soap.HasFault)
	})
	if fault := body.Fault(); fault != nil {
		return nil, fault.VimFault().(types.BaseMethodFault)
	}
	result := reflect.ValueOf(body).Elem().FieldByName("Res").Elem().FieldByName("Returnval")
	if !result.IsValid() {
		return nil, nil
	}
	task, ok := result.Interface().(reference)
	if !ok || task.Type != "Task" {
		return result.Interface(), nil
	}
	info := simulator.Map.Get(task).(*simulator.Task).Info
	hide(task)
	if info.Error != nil {
		return nil, info.Error.Fault
	}
	return info.Result, nil
}

// hide takes a task of the simulator's own away, since the one that stands for it is ours.
func hide(task reference) {
	manager := taskManager()
	manager.Lock()
	recent := make([]reference, 0, len(manager.RecentTask))
	for _, each := range manager.RecentTask {
		if each != task {
			recent = append(recent, each)
		}
	}
	simulator.Map.Update(manager, []types.PropertyChange{{Name: "recentTask", Val: recent}})
	manager.Unlock()
	simulator.Map.Remove(task)
}

func taskManager() *simulator.TaskManager {
	return simulator.Map.Get(*content().TaskManager).(*simulator.TaskManager)
}

func content() types.ServiceContent {
	return simulator.Map.Get(vim25.ServiceInstance).(*simulator.ServiceInstance).Content
}
