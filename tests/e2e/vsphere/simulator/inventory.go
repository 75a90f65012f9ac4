package main

import (
	"fmt"
	"path"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	tebi  = int64(1) << 40
	disks = int64(16) << 20 // KiB of a machine's disk
)

// A machine that a test wants to have, made without a call that counts.
type wanted struct {
	Name     string `json:"name"`
	Tools    bool   `json:"tools"`
	Template bool   `json:"template"`
	// A snapshot's name; none for an empty one.
	Snapshot  string `json:"snapshot"`
	Cards     int    `json:"cards"`
	On        bool   `json:"on"`
	Datastore string `json:"datastore"`
	Folder    string `json:"folder"` // an id; the datacenter's folder of machines without
	Note      string `json:"note"`
}

// inventory is one datacenter with one cluster, two datastores and a distributed switch.
func inventory(esx bool, hosts int) *simulator.Model {
	if esx {
		model := simulator.ESX()
		model.Machine = 0
		return model
	}
	model := simulator.VPX()
	model.Host, model.Cluster, model.ClusterHost, model.Machine = 0, 1, hosts, 0
	model.Datastore, model.Portgroup = 2, 1
	return model
}

// enlarge gives the inventory the room that a class needs; the library's has 4 GiB a host.
func (s *server) enlarge() {
	s.settings = settings{Leases: -1, Network: "198.18"}
	s.forgetTasks() // of making the inventory
	for _, each := range simulator.Map.All("HostSystem") {
		host := each.(*simulator.HostSystem)
		host.Summary.Hardware.MemorySize, host.Hardware.MemorySize = 4*tebi, 4*tebi
	}
	for _, each := range simulator.Map.All("ClusterComputeResource") {
		cluster := each.(*simulator.ClusterComputeResource)
		total := cluster.Summary.GetComputeResourceSummary()
		total.TotalMemory = 4 * tebi * int64(len(cluster.Host))
		total.EffectiveMemory = total.TotalMemory >> 20
	}
	for _, each := range simulator.Map.All("ResourcePool") {
		pool := each.(*simulator.ResourcePool)
		pool.Runtime.Memory.MaxUsage = 8 * tebi
		pool.Summary.GetResourcePoolSummary().Runtime.Memory.MaxUsage = 8 * tebi
	}
	for _, each := range simulator.Map.All("Datastore") {
		resize(each.(*simulator.Datastore), 1024*tebi)
	}
}

// make makes a machine, and returns its id.
func (s *server) make(w wanted) (string, error) {
	if w.Datastore == "" {
		w.Datastore = "LocalDS_0"
	}
	folder, pool := places()
	if w.Folder != "" {
		folder = reference{Type: "Folder", Value: w.Folder}
	}
	result, fault := s.invoke(folder, "CreateVM_Task", &types.CreateVM_Task{
		This: folder, Pool: pool, Config: s.description(w),
	})
	if fault != nil {
		return "", fmt.Errorf("%T: %s", fault, message(fault))
	}
	vm := simulator.Map.Get(result.(reference)).(*simulator.VirtualMachine)
	if w.Tools {
		vm.Guest.ToolsVersionStatus2 = installed
	}
	s.down(vm)
	wire(vm, true)
	return vm.Self.Value, s.settle(vm, w)
}

// settle does what comes after a machine was made: its snapshot, its power, or that it is a template.
func (s *server) settle(vm *simulator.VirtualMachine, w wanted) error {
	var fault types.BaseMethodFault
	if w.Snapshot != "" {
		_, fault = s.snapshot(vm, &types.CreateSnapshot_Task{This: vm.Self, Name: w.Snapshot})
	}
	if w.On && fault == nil {
		fault = s.powerOn(vm)
	}
	if w.Template && fault == nil {
		_, fault = s.invoke(vm.Self, "MarkAsTemplate", &types.MarkAsTemplate{This: vm.Self})
	}
	if fault != nil {
		return fmt.Errorf("%T: %s", fault, message(fault))
	}
	return nil
}

func (s *server) description(w wanted) types.VirtualMachineConfigSpec {
	var parts devices
	scsi, _ := parts.CreateSCSIController("pvscsi")
	parts = append(parts, scsi)
	disk := parts.CreateDisk(scsi.(types.BaseVirtualController), reference{},
		fmt.Sprintf("[%s] %s", w.Datastore, path.Join(w.Name, "disk1.vmdk")))
	disk.CapacityInKB = disks
	parts = append(parts, disk)
	for n := 0; n < w.Cards; n++ {
		card := &types.VirtualVmxnet3{}
		card.Key = -1 - int32(n)
		card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{
				DeviceName: "VM Network",
			},
		}
		s.address(card.GetVirtualEthernetCard())
		parts = append(parts, card)
	}
	made := types.VirtualMachineConfigSpec{
		Name: w.Name, Annotation: w.Note, NumCPUs: 1, MemoryMB: 1024,
		GuestId: string(types.VirtualMachineGuestOsIdentifierDebian11_64Guest),
		Files:   &types.VirtualMachineFileInfo{VmPathName: "[" + w.Datastore + "]"},
	}
	made.DeviceChange, _ = parts.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return made
}

// places returns the datacenter's folder of machines and the root of its resource pools.
func places() (reference, reference) {
	var folder, pool reference
	for _, each := range simulator.Map.All("Datacenter") {
		folder = each.(*simulator.Datacenter).VmFolder
	}
	for _, each := range simulator.Map.All("ClusterComputeResource") {
		pool = *each.(*simulator.ClusterComputeResource).ResourcePool
	}
	if standalone() {
		for _, each := range simulator.Map.All("ResourcePool") {
			pool = each.Reference()
		}
	}
	return folder, pool
}
