/* Hide AVX-512, AMX and AVX-VNNI from all that a process loads after this library, on Linux for x86-64.
 *
 * Libraries choose their instructions by what the CPUID instruction says. Where the processor and the kernel can let it
 * fault (`cpuid_fault` in /proc/cpuinfo), it is answered here instead, with those bits cleared. The C library has asked
 * before this is loaded and keeps its own choice, for copying memory and the like. Use it as LD_PRELOAD: children
 * inherit it. benchmarks/processor.py compiles it and checks that it works.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))

static void let_cpuid_pass(long yes) { syscall(SYS_arch_prctl, ARCH_SET_CPUID, yes); }

static void answer_cpuid(int number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)registers[REG_RIP];
    (void)info;
    if (code[0] != 0x0f || code[1] != 0xa2) { /* not CPUID: a real fault, which then comes again */
        signal(number, SIG_DFL);
        return;
    }
    uint32_t leaf = registers[REG_RAX], part = registers[REG_RCX];
    uint32_t a = leaf, b, c = part, d;
    let_cpuid_pass(1);
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    let_cpuid_pass(0);
    if (leaf == 7 && part == 0) {
        b &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31)); /* F DQ IFMA PF ER CD BW VL */
        c &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14));                          /* VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
        d &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(23));                                     /* 4VNNIW 4FMAPS VP2INTERSECT FP16 */
        d &= ~(BIT(22) | BIT(24) | BIT(25));                                            /* AMX: BF16 TILE INT8 */
    }
    if (leaf == 7 && part == 1) {
        a &= ~(BIT(4) | BIT(5) | BIT(21) | BIT(23)); /* AVX-VNNI, AVX-512 BF16, AMX FP16, AVX-IFMA */
        b = c = d = 0;                               /* later relatives, AVX10 among them */
    }
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2; /* the length of CPUID */
}

__attribute__((constructor)) static void start(void) {
    struct sigaction action = {0};
    action.sa_sigaction = answer_cpuid;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, 0);
    let_cpuid_pass(0); /* this thread and all that it starts */
}
