#ifndef STUB_IREE_HAL_INLINE_MODULE_H_
#define STUB_IREE_HAL_INLINE_MODULE_H_
#include "iree/modules/hal/types.h"
enum { IREE_HAL_INLINE_MODULE_FLAG_NONE };
typedef struct {
  void* self;
} iree_hal_module_debug_sink_t;
iree_hal_module_debug_sink_t iree_hal_module_debug_sink_null(void);
iree_status_t iree_hal_inline_module_create(iree_vm_instance_t* instance, uint32_t flags,
                                            iree_hal_module_debug_sink_t sink,
                                            iree_hal_allocator_t* device_allocator,
                                            iree_allocator_t allocator, iree_vm_module_t** module);
#endif
