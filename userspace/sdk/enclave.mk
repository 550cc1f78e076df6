# SPDX-License-Identifier: MIT
#
# Build an enclave:
#
#	NAME = mine
#	SRCS = mine.c
#	HEAP = 1M
#	SDK = ../path/to/userspace/sdk
#	include $(SDK)/enclave.mk
#
# makes $(OUT)/mine.elf. HEAP and STACK take K and M, and sums (4M+64K); each of
# THREADS threads has a stack of its own. Further variables: CPPFLAGS, CFLAGS, ARCH.

HEAP ?= 1M
STACK ?= 64K
THREADS ?= 1
REWIRE_SDK := $(abspath $(SDK))
OUT ?= $(abspath $(REWIRE_SDK)/../../build/enclaves)
OBJ := $(OUT)/obj/$(NAME)

include $(REWIRE_SDK)/flags.mk

LIB := $(OUT)/obj/sdk/librewire_enclave.a
OBJS := $(patsubst %,$(OBJ)/%.o,$(basename $(notdir $(SRCS))))
VPATH += $(sort $(dir $(SRCS)))

all: $(OUT)/$(NAME).elf

# Linked under another name first, so that what fails the check is not there.
$(OUT)/$(NAME).elf: $(OBJS) $(LIB) $(REWIRE_SDK)/enclave.ld $(MAKEFILE_LIST)
	$(Q)awk -v threads=$(THREADS) '!/@t@/ { print; next } \
		{ for (t = 1; t < threads; t++) { \
			line = $$0; gsub(/@t@/, t, line); print line } }' \
		$(REWIRE_SDK)/enclave.ld >$(OBJ)/enclave.ld
	$(Q)$(LD) $(ENCLAVE_LDFLAGS) -T $(OBJ)/enclave.ld \
		--defsym=rewire_heap_size=$(HEAP) \
		--defsym=rewire_stack_size=$(STACK) \
		--defsym=rewire_threads=$(THREADS) \
		-Map=$(OBJ)/map -o $(OBJ)/linked $(OBJS) $(LIB) $(ENCLAVE_LIBS)
	$(Q)$(REWIRE_SDK)/check-image $(OBJ)/linked $(LIB)
	$(Q)mv $(OBJ)/linked $@
	@echo "  ENCLAVE $(notdir $@)"

$(OBJ)/%.o: %.c $(MAKEFILE_LIST) | $(MUSL_INCLUDE)
	@mkdir -p $(@D)
	$(Q)$(ENCLAVE_CC) $(ENCLAVE_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(OBJ)/%.o: %.S $(MAKEFILE_LIST) | $(MUSL_INCLUDE)
	@mkdir -p $(@D)
	$(Q)$(ENCLAVE_CC) $(ENCLAVE_CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(LIB): FORCE
	$(Q)$(MAKE) -s --no-print-directory -C $(REWIRE_SDK) OUT=$(OUT) lib

clean:
	rm -rf $(OBJ) $(OUT)/$(NAME).elf

FORCE:
.DEFAULT_GOAL := all
.PHONY: all clean FORCE
.DELETE_ON_ERROR:
-include $(OBJS:.o=.d)
