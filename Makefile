# SPDX-License-Identifier: GPL-2.0
#
# Faultline.  The two that matter: make demo, make check.

KDIR	?= /lib/modules/$(shell uname -r)/build
KERNELS	= $(or $(K),$(shell tests/vm/kernel.sh names))
BUILD	:= build/$(shell uname -r)

.PHONY: help demo check bench lint programs module clean

help:
	@echo 'make demo            case studies 1 and 2 on a stock kernel in QEMU; plots in plots/'
	@echo 'make demo FULL=1     the same in the full sizes of the course'
	@echo 'make check           every test on every kernel of the matrix'
	@echo 'make check K=6.12 T=cow_exact      one test on one kernel'
	@echo 'make bench           what things cost, in instructions (K=6.12: on one kernel)'
	@echo 'make lint            what checkers say of the sources'
	@echo 'make programs        monitor/monitor, work/work, work/cow'
	@echo 'make module          the module for the running kernel (see insert.sh)'
	@echo 'make clean           remove what was built; the cache of kernels stays'

demo:
	@tests/vm/packages.sh run 6.12
	@case_studies/demo.sh $(if $(FULL),full,small)

check:
	@tests/vm/packages.sh run $(KERNELS)
	@tests/check.sh "$(K)" "$(T)"

bench:
	@tests/vm/packages.sh run $(KERNELS)
	@bench/bench.sh $(K)

lint:
	@tests/vm/packages.sh lint 6.12
	@tests/lint.sh

programs:
	$(MAKE) -C monitor
	$(MAKE) -C work

# In a folder of its own per kernel: kbuild cleans whatever it finds below M=.
module:
	mkdir -p $(BUILD)/module
	cp -ru module/* $(BUILD)/module
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(BUILD)/module modules
	cp $(BUILD)/module/faultline.ko $(BUILD)/faultline.ko

clean:
	$(MAKE) -C monitor clean
	$(MAKE) -C work clean
	$(RM) -r build
