// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "kvm-probe.h"
#include "guarded-child.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define MILLISECONDS 3000
#define PAGE         4096
#define MAX_CPUID    256
// Where the firmware area ends below 4 GiB: Intel's CPUs need three free pages there for real mode.
#define TSS_ADDRESS   0xfffbd000
#define CR0_PROTECTED 0x1
#define CR0_NO_FPU    0xc
#define PORT          0x80
#define SUM           (2 * 2 + 0x26)
// In units of 256 bytes, so that it is one byte of the address.
#define SCRATCH_PAGE 0x02

typedef enum
{
  PROBE_WORKS,
  PROBE_ABSENT,
  PROBE_DENIED,
  PROBE_NOT_OPENED,
  PROBE_NOT_KVM,
  PROBE_NO_MACHINE,
  PROBE_NO_CPU,
  PROBE_NO_REGISTERS,
  PROBE_NOT_RUN,
} Probe;

// Protected mode of 32 bits. A KVM that cannot run guests may still interpret a few of their instructions,
// slowly and until it meets one that it does not know; the floating point ones are not among those it knows.
static const guint8 program[] = {
  0xdb, 0xe3,                                         // fninit
  0xd9, 0xe8,                                         // fld1
  0xd8, 0xc0,                                         // fadd st0, st0
  0xd8, 0xc8,                                         // fmul st0, st0
  0xdb, 0x1d, 0x00,         SCRATCH_PAGE, 0x00, 0x00, // fistp dword [scratch]
  0xa0, 0x00, SCRATCH_PAGE, 0x00,         0x00,       // mov al, [scratch]
  0x04, 0x26,                                         // add al, 0x26
  0xe6, PORT,                                         // out PORT, al
  0xf4,                                               // hlt
};

// Registers that QEMU writes before a guest's first instruction, and that guests of a half-working KVM fail
// on.
static const guint32 msrs[]
    = { 0x174, 0x175, 0x176, 0x277, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000102 };

typedef struct
{
  struct kvm_cpuid2 head;
  struct kvm_cpuid_entry2 entries[MAX_CPUID];
} Cpuid;

typedef struct
{
  struct kvm_msrs head;
  struct kvm_msr_entry entries[G_N_ELEMENTS (msrs)];
} Msrs;

typedef struct
{
  int kvm;
  int vm;
  int vcpu;
  struct kvm_run *run;
} Machine;

// Everything down to probe_device runs in the child: system calls only, and its end closes and unmaps all.

static Probe
open_device (Machine *self, const char *device)
{
  self->kvm = open (device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (self->kvm < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
    return PROBE_ABSENT;
  if (self->kvm < 0)
    return errno == EACCES || errno == EPERM ? PROBE_DENIED : PROBE_NOT_OPENED;
  return ioctl (self->kvm, KVM_GET_API_VERSION, 0) == KVM_API_VERSION ? PROBE_WORKS : PROBE_NOT_KVM;
}

static Probe
make_machine (Machine *self)
{
  void *memory = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct kvm_userspace_memory_region region
      = { .memory_size = PAGE, .userspace_addr = (guint64)(gsize)memory };

  if (memory == MAP_FAILED)
    return PROBE_NO_MACHINE;
  memcpy (memory, program, sizeof program);
  self->vm = ioctl (self->kvm, KVM_CREATE_VM, 0);
  if (self->vm < 0 || ioctl (self->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS) < 0
      || ioctl (self->vm, KVM_CREATE_IRQCHIP, 0) < 0)
    return PROBE_NO_MACHINE;
  return ioctl (self->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0 ? PROBE_NO_MACHINE : PROBE_WORKS;
}

static Probe
make_cpu (Machine *self)
{
  Cpuid cpuid = { .head.nent = MAX_CPUID };
  int size = ioctl (self->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

  self->vcpu = ioctl (self->vm, KVM_CREATE_VCPU, 0);
  if (self->vcpu < 0 || size < (int)sizeof *self->run)
    return PROBE_NO_CPU;
  self->run = mmap (NULL, (gsize)size, PROT_READ | PROT_WRITE, MAP_SHARED, self->vcpu, 0);
  if (self->run == MAP_FAILED)
    return PROBE_NO_CPU;
  if (ioctl (self->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) < 0
      || ioctl (self->vcpu, KVM_SET_CPUID2, &cpuid) < 0)
    return PROBE_NO_CPU;
  return PROBE_WORKS;
}

static Probe
write_msrs (const Machine *self)
{
  Msrs values = { .head.nmsrs = G_N_ELEMENTS (msrs) };

  for (guint i = 0; i < G_N_ELEMENTS (msrs); i++)
    values.entries[i].index = msrs[i];
  if (ioctl (self->vcpu, KVM_GET_MSRS, &values) != (int)G_N_ELEMENTS (msrs)
      || ioctl (self->vcpu, KVM_SET_MSRS, &values) != (int)G_N_ELEMENTS (msrs))
    return PROBE_NO_REGISTERS;
  return PROBE_WORKS;
}

static void
enter_protected_mode (struct kvm_sregs *sregs)
{
  const struct kvm_segment data
      = { .limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1 };

  sregs->cr0 = (sregs->cr0 | CR0_PROTECTED) & ~(guint64)CR0_NO_FPU;
  sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
  sregs->cs = data;
  sregs->cs.selector = 8;
  sregs->cs.type = 11;
}

static Probe
write_registers (const Machine *self)
{
  struct kvm_regs regs = { .rip = 0, .rflags = 2 };
  struct kvm_sregs sregs;

  if (ioctl (self->vcpu, KVM_GET_SREGS, &sregs) < 0)
    return PROBE_NO_REGISTERS;
  enter_protected_mode (&sregs);
  if (ioctl (self->vcpu, KVM_SET_SREGS, &sregs) < 0 || ioctl (self->vcpu, KVM_SET_REGS, &regs) < 0)
    return PROBE_NO_REGISTERS;
  return write_msrs (self);
}

static Probe
run_program (const Machine *self)
{
  const struct kvm_run *run = self->run;
  const guint8 *data;
  int rc;

  do
    rc = ioctl (self->vcpu, KVM_RUN, 0);
  while (rc < 0 && errno == EINTR);
  if (rc < 0 || run->exit_reason != KVM_EXIT_IO || run->io.port != PORT)
    return PROBE_NOT_RUN;
  data = (const guint8 *)run + run->io.data_offset;
  return run->io.direction == KVM_EXIT_IO_OUT && *data == SUM ? PROBE_WORKS : PROBE_NOT_RUN;
}

static int
probe_device (const void *device)
{
  Machine machine = { .kvm = -1 };
  Probe probe = open_device (&machine, device);

  if (probe == PROBE_WORKS)
    probe = make_machine (&machine);
  if (probe == PROBE_WORKS)
    probe = make_cpu (&machine);
  if (probe == PROBE_WORKS)
    probe = write_registers (&machine);
  if (probe == PROBE_WORKS)
    probe = run_program (&machine);
  return (int)probe;
}

static const char *
reason_of (int answer)
{
  switch (answer)
    {
    case PROBE_ABSENT:
      return _ ("This computer offers no KVM: switch virtualization on in its firmware settings.");
    case PROBE_DENIED:
      return _ ("This user may not use KVM: add the user to the group “kvm”.");
    case PROBE_NOT_OPENED:
      return _ ("KVM's device cannot be opened.");
    case PROBE_NOT_KVM:
      return _ ("KVM's device does not answer as KVM does.");
    case PROBE_NO_MACHINE:
      return _ ("KVM is there, but makes no virtual machine.");
    case PROBE_NO_CPU:
      return _ ("KVM is there, but makes no virtual processor.");
    case PROBE_NO_REGISTERS:
      return _ ("KVM is there, but does not set up a virtual processor.");
    case PROBE_NOT_RUN:
      return _ ("KVM is there, but did not run a test program.");
    case AST_GUARDED_HUNG:
      return _ ("KVM is there, but a test program did not end in time.");
    default:
      return _ ("KVM could not be tested.");
    }
}

gboolean
ast_kvm_probe (const char *device, char **reason)
{
  int answer = ast_guarded_child_run (probe_device, device, MILLISECONDS);

  if (answer == PROBE_WORKS)
    return TRUE;
  *reason = g_strdup (reason_of (answer));
  return FALSE;
}
