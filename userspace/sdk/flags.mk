# SPDX-License-Identifier: MIT
#
# How code for an enclave is compiled and linked: against musl's headers and
# archive by name, so that any compiler will do, and with nothing of the host's
# C library but the kernel's own headers.

ARCH ?= x86_64
MUSL ?= $(ARCH)-linux-musl
Q := $(if $(V),,@)

ENCLAVE_CC := $(CC)
MUSL_INCLUDE := $(OUT)/obj/include

# -fpie: the base is above what 32-bit addresses reach, so that all code has to
# be relative; the image itself is not relocatable.
ENCLAVE_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -MMD -MP \
	-nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-isystem /usr/include/$(MUSL) -isystem $(MUSL_INCLUDE) \
	-I$(REWIRE_SDK) -I$(REWIRE_SDK)/arch/$(ARCH) -I$(REWIRE_SDK)/../.. \
	-fpie -fstack-protector-strong -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-common

ENCLAVE_LDFLAGS := -nostdlib -static --build-id=none --gc-sections \
	-z noexecstack -z norelro -z max-page-size=4096 --fatal-warnings
ENCLAVE_LIBS := /usr/lib/$(MUSL)/libc.a \
	$(shell $(CC) -print-file-name=libgcc.a)

$(MUSL_INCLUDE):
	$(Q)test -e /usr/include/$(MUSL)/stdio.h || \
		{ echo "no musl for $(ARCH): install musl-tools" >&2; exit 1; }
	@mkdir -p $@
	$(Q)ln -sfn /usr/include/linux $@/linux
	$(Q)ln -sfn /usr/include/asm-generic $@/asm-generic
	$(Q)ln -sfn /usr/include/$(ARCH)-linux-gnu/asm $@/asm
