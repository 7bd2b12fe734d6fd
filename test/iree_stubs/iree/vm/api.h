#ifndef STUB_IREE_VM_API_H_
#define STUB_IREE_VM_API_H_
#include "iree/base/api.h"
typedef struct iree_vm_instance_t iree_vm_instance_t;
typedef struct iree_vm_module_t iree_vm_module_t;
typedef struct iree_vm_context_t iree_vm_context_t;
typedef struct iree_vm_list_t iree_vm_list_t;
typedef struct {
  void* ptr;
} iree_vm_ref_t;
typedef struct {
  iree_vm_module_t* module;
} iree_vm_function_t;
typedef struct {
  int value;
} iree_vm_type_def_t;
enum { IREE_VM_TYPE_CAPACITY_DEFAULT, IREE_VM_CONTEXT_FLAG_NONE };
enum { IREE_VM_FUNCTION_LINKAGE_EXPORT, IREE_VM_INVOCATION_FLAG_NONE };
iree_status_t iree_vm_instance_create(iree_host_size_t capacity, iree_allocator_t allocator,
                                      iree_vm_instance_t** instance);
void iree_vm_instance_release(iree_vm_instance_t* instance);
iree_status_t iree_vm_context_create_with_modules(iree_vm_instance_t* instance, uint32_t flags,
                                                  iree_host_size_t count,
                                                  iree_vm_module_t** modules,
                                                  iree_allocator_t allocator,
                                                  iree_vm_context_t** context);
void iree_vm_context_release(iree_vm_context_t* context);
void iree_vm_module_release(iree_vm_module_t* module);
iree_status_t iree_vm_module_lookup_function_by_name(const iree_vm_module_t* module, int linkage,
                                                     iree_string_view_t name,
                                                     iree_vm_function_t* function);
iree_vm_type_def_t iree_vm_make_undefined_type_def(void);
iree_status_t iree_vm_list_create(iree_vm_type_def_t type, iree_host_size_t capacity,
                                  iree_allocator_t allocator, iree_vm_list_t** list);
void iree_vm_list_release(iree_vm_list_t* list);
iree_status_t iree_vm_list_push_ref_move(iree_vm_list_t* list, iree_vm_ref_t* value);
iree_status_t iree_vm_invoke(iree_vm_context_t* context, iree_vm_function_t function,
                             uint32_t flags, const void* policy, const iree_vm_list_t* inputs,
                             iree_vm_list_t* outputs, iree_allocator_t allocator);
#endif
