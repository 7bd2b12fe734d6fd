#ifndef STUB_IREE_HAL_TYPES_H_
#define STUB_IREE_HAL_TYPES_H_
#include "iree/hal/api.h"
#include "iree/vm/api.h"
iree_status_t iree_hal_module_register_inline_types(iree_vm_instance_t* instance);
iree_status_t iree_hal_module_register_loader_types(iree_vm_instance_t* instance);
iree_vm_ref_t iree_hal_buffer_view_move_ref(iree_hal_buffer_view_t* view);
iree_hal_buffer_view_t* iree_vm_list_get_buffer_view_assign(const iree_vm_list_t* list,
                                                            iree_host_size_t index);
#endif
