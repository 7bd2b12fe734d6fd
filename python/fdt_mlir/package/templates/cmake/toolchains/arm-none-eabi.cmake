# GCC for Cortex-M: cmake --toolchain toolchains/arm-none-eabi.cmake -DFDT_CPU=cortex-m4
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
# A program cannot be linked before a board is chosen.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(FDT_CPU cortex-m4 CACHE STRING "The core: @CPUS@")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FDT_CPU)

@CPU_FLAGS@
if(NOT DEFINED flags_of_${FDT_CPU})
  message(FATAL_ERROR "There is no FDT_CPU '${FDT_CPU}'. Choose from: @CPUS@")
endif()
set(CMAKE_C_FLAGS_INIT "${flags_of_${FDT_CPU}} -ffunction-sections -fdata-sections")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--gc-sections")

# Boards on which the example runs in QEMU.
set(machine_of_cortex-m3 mps2-an385)
set(machine_of_cortex-m4 mps2-an386)
set(machine_of_cortex-m7 mps2-an500)
set(FDT_QEMU_MACHINE ${machine_of_${FDT_CPU}})

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
