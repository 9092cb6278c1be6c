package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

type outcome struct {
	Op     string `json:"op"`
	Target string `json:"target,omitempty"`
	OK     bool   `json:"ok"`
	// Errno is a name such as EPERM, empty when the failure (a time-out, say) has none.
	Errno string `json:"errno,omitempty"`
	Error string `json:"error,omitempty"`
}

func attempt(op, target string, err error) outcome {
	result := outcome{Op: op, Target: target, OK: err == nil}
	if err != nil {
		result.Error = err.Error()
		var errno syscall.Errno
		if errors.As(err, &errno) {
			result.Errno = unix.ErrnoName(errno)
		}
	}
	return result
}

// try does what a process that broke in would do, and tells how far it came. Whatever it manages is undone, or
// happens in a child that ends at once.
func try(w http.ResponseWriter, r *http.Request) {
	op, target := r.URL.Query().Get("op"), r.URL.Query().Get("target")
	var err error
	switch op {
	case "ptrace":
		err = tryPtrace()
	case "process_vm_readv":
		err = tryReadv()
	case "unshare":
		err = tryUnshare(target)
	case "mount":
		err = tryMount(target)
	case "keyctl":
		_, err = unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, true)
	case "egress":
		var connection net.Conn
		connection, err = net.DialTimeout("tcp", target, 3*time.Second)
		if err == nil {
			connection.Close()
		}
	case "resolve":
		_, err = net.LookupHost(target)
	default:
		writeError(w, http.StatusBadRequest, errors.New("op is one of ptrace, process_vm_readv, unshare, mount, keyctl, egress, resolve"))
		return
	}
	writeJSON(w, http.StatusOK, attempt(op, target, err))
}

// tryPtrace attaches to a child of its own: what neither a foreign owner nor a Yama scope forbids, so that a
// refusal comes from the filter of system calls.
func tryPtrace() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	child := exec.Command("/proc/self/exe", "sleep")
	if err := child.Start(); err != nil {
		return err
	}
	defer func() {
		child.Process.Kill()
		child.Wait()
	}()
	if err := unix.PtraceAttach(child.Process.Pid); err != nil {
		return err
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(child.Process.Pid, &status, 0, nil); err != nil {
		return err
	}
	return unix.PtraceDetach(child.Process.Pid)
}

// tryReadv reads this process's own memory, which the kernel always allows: a refusal comes from the filter.
func tryReadv() error {
	source, target := []byte("x"), make([]byte, 1)
	local := []unix.Iovec{{Base: &target[0], Len: 1}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&source[0])), Len: 1}}
	_, err := unix.ProcessVMReadv(os.Getpid(), local, remote, 0)
	runtime.KeepAlive(source)
	return err
}

// tryUnshare does it in a child between fork and exec, where there is one thread: a user namespace is refused to a
// process with several, whatever the filter says.
func tryUnshare(target string) error {
	flags := map[string]uintptr{
		"": unix.CLONE_NEWUSER, "user": unix.CLONE_NEWUSER, "net": unix.CLONE_NEWNET, "mnt": unix.CLONE_NEWNS,
		"pid": unix.CLONE_NEWPID, "ipc": unix.CLONE_NEWIPC, "uts": unix.CLONE_NEWUTS,
	}
	flag, known := flags[target]
	if !known {
		return errors.New("unshare: target is one of user, net, mnt, pid, ipc, uts")
	}
	child := exec.Command("/proc/self/exe", "true")
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: flag}
	return child.Run()
}

func tryMount(target string) error {
	if target == "" {
		target = "/tmp"
	}
	if err := unix.Mount("none", target, "tmpfs", 0, ""); err != nil {
		return err
	}
	return unix.Unmount(target, 0)
}
