package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// plan says what a method does here, where it differs from the simulator's own.
func (s *server) plan(c *call, request interface{}) (work, types.BaseMethodFault) {
	object := simulator.Map.Get(c.this)
	if object == nil {
		return work{}, &types.ManagedObjectNotFound{Obj: c.this}
	}
	planned := work{entity: c.this, name: c.method, locks: []reference{c.this}, do: func() (
		types.AnyType, types.BaseMethodFault,
	) {
		return s.invoke(c.this, c.method, request)
	}}
	switch owner := object.(type) {
	case *simulator.VirtualMachine:
		return s.planMachine(owner, request, planned)
	case *simulator.VirtualMachineSnapshot:
		planned.entity, planned.locks = owner.Vm, []reference{owner.Vm}
		if _, ok := request.(*types.RevertToSnapshot_Task); ok {
			planned.do = func() (types.AnyType, types.BaseMethodFault) {
				return nil, s.revert(owner)
			}
		}
	case *simulator.Folder:
		planned.locks = nil
		if _, ok := request.(*types.Destroy_Task); ok {
			planned.do = func() (types.AnyType, types.BaseMethodFault) {
				return nil, s.destroyFolder(c.this)
			}
		}
	case *simulator.DistributedVirtualPortgroup:
		if _, ok := request.(*types.Destroy_Task); ok {
			planned.do = func() (types.AnyType, types.BaseMethodFault) {
				return nil, s.destroyPortgroup(owner)
			}
		}
	}
	return planned, nil
}

func (s *server) planMachine(
	vm *simulator.VirtualMachine, request interface{}, planned work,
) (work, types.BaseMethodFault) {
	switch r := request.(type) {
	case *types.CloneVM_Task:
		if standalone() {
			return planned, &types.NotSupported{}
		}
		planned.locks = nil // a template is cloned by many at once
		planned.do = func() (types.AnyType, types.BaseMethodFault) { return s.clone(vm, r) }
	case *types.ReconfigVM_Task:
		planned.do = func() (types.AnyType, types.BaseMethodFault) {
			return nil, s.reconfigure(vm, &r.Spec)
		}
	case *types.CustomizeVM_Task:
		planned.do = func() (types.AnyType, types.BaseMethodFault) {
			return nil, s.customize(vm, &r.Spec)
		}
	case *types.PowerOnVM_Task:
		planned.do = func() (types.AnyType, types.BaseMethodFault) { return nil, s.powerOn(vm) }
	case *types.PowerOffVM_Task:
		planned.do = func() (types.AnyType, types.BaseMethodFault) { return nil, s.powerOff(vm) }
	case *types.ResetVM_Task:
		planned.do = func() (types.AnyType, types.BaseMethodFault) { return nil, s.reset(vm) }
	case *types.CreateSnapshot_Task:
		planned.do = func() (types.AnyType, types.BaseMethodFault) { return s.snapshot(vm, r) }
	case *types.Destroy_Task:
		planned.do = func() (types.AnyType, types.BaseMethodFault) { return nil, s.destroy(vm) }
	}
	return planned, nil
}

func standalone() bool {
	return content().About.ApiType == "HostAgent"
}

// named returns an object's name, or nothing where it has none.
func named(object reference) string {
	if entity, ok := simulator.Map.Get(object).(mo.Entity); ok {
		return entity.Entity().Name
	}
	return ""
}

// sibling says which object of a name is in a folder.
func sibling(folder *simulator.Folder, name string) *reference {
	for _, each := range folder.ChildEntity {
		if named(each) == name {
			found := each
			return &found
		}
	}
	return nil
}

func (s *server) destroyFolder(ref reference) types.BaseMethodFault {
	folder, ok := simulator.Map.Get(ref).(*simulator.Folder)
	if !ok {
		return &types.ManagedObjectNotFound{Obj: ref}
	}
	// As on a vCenter, all that is inside goes with it, whoever made it.
	for _, each := range append([]reference{}, folder.ChildEntity...) {
		var fault types.BaseMethodFault
		switch child := simulator.Map.Get(each).(type) {
		case *simulator.VirtualMachine:
			fault = s.destroy(child)
		case *simulator.Folder:
			fault = s.destroyFolder(each)
		}
		if fault != nil {
			return fault
		}
	}
	_, fault := s.invoke(ref, "Destroy_Task", &types.Destroy_Task{This: ref})
	return fault
}

func (s *server) destroyPortgroup(group *simulator.DistributedVirtualPortgroup) types.BaseMethodFault {
	if len(group.Vm) > 0 {
		return &types.ResourceInUse{Type: group.Self.Type, Name: group.Name}
	}
	_, fault := s.invoke(group.Self, "Destroy_Task", &types.Destroy_Task{This: group.Self})
	if fault != nil {
		return fault
	}
	// The library leaves it in these lists.
	for _, each := range simulator.Map.All("HostSystem") {
		host := each.(*simulator.HostSystem)
		simulator.Map.RemoveReference(host, &host.Network, group.Self)
	}
	for _, each := range simulator.Map.All("ClusterComputeResource") {
		cluster := each.(*simulator.ClusterComputeResource)
		simulator.Map.RemoveReference(cluster, &cluster.Network, group.Self)
	}
	return nil
}
