#ifndef STUB_IREE_HAL_LOADER_MODULE_H_
#define STUB_IREE_HAL_LOADER_MODULE_H_
#include "iree/hal/local/loaders/static_library_loader.h"
#include "iree/modules/hal/types.h"
enum { IREE_HAL_LOADER_MODULE_FLAG_NONE };
iree_status_t iree_hal_loader_module_create(iree_vm_instance_t* instance, uint32_t flags,
                                            iree_host_size_t count,
                                            iree_hal_executable_loader_t** loaders,
                                            iree_allocator_t allocator, iree_vm_module_t** module);
#endif
