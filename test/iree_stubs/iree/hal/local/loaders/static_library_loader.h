#ifndef STUB_IREE_STATIC_LIBRARY_LOADER_H_
#define STUB_IREE_STATIC_LIBRARY_LOADER_H_
#include "iree/base/api.h"
#include "iree/hal/local/executable_library.h"
typedef struct iree_hal_executable_loader_t iree_hal_executable_loader_t;
typedef struct {
  void* self;
} iree_hal_executable_import_provider_t;
iree_hal_executable_import_provider_t iree_hal_executable_import_provider_null(void);
iree_status_t iree_hal_static_library_loader_create(
    iree_host_size_t count, const iree_hal_executable_library_query_fn_t* queries,
    iree_hal_executable_import_provider_t imports, iree_allocator_t allocator,
    iree_hal_executable_loader_t** loader);
void iree_hal_executable_loader_release(iree_hal_executable_loader_t* loader);
#endif
