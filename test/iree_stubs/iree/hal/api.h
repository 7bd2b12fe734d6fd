#ifndef STUB_IREE_HAL_API_H_
#define STUB_IREE_HAL_API_H_
#include "iree/base/api.h"
typedef struct iree_hal_allocator_t iree_hal_allocator_t;
typedef struct iree_hal_buffer_t iree_hal_buffer_t;
typedef struct iree_hal_buffer_view_t iree_hal_buffer_view_t;
typedef iree_host_size_t iree_hal_dim_t;
typedef uint32_t iree_hal_element_type_t;
typedef struct {
  uint32_t usage, access, type;
} iree_hal_buffer_params_t;
enum {
  IREE_HAL_BUFFER_USAGE_DEFAULT = 1,
  IREE_HAL_BUFFER_USAGE_MAPPING = 2,
  IREE_HAL_MEMORY_TYPE_HOST_LOCAL = 4,
  IREE_HAL_MEMORY_TYPE_DEVICE_VISIBLE = 8,
  IREE_HAL_ENCODING_TYPE_DENSE_ROW_MAJOR = 1,
  IREE_HAL_ELEMENT_TYPE_INT_8 = 1,
  IREE_HAL_ELEMENT_TYPE_INT_32 = 2,
  IREE_HAL_ELEMENT_TYPE_FLOAT_32 = 3,
};
iree_status_t iree_hal_allocator_create_heap(iree_string_view_t name, iree_allocator_t data,
                                             iree_allocator_t host,
                                             iree_hal_allocator_t** allocator);
void iree_hal_allocator_release(iree_hal_allocator_t* allocator);
iree_status_t iree_hal_allocator_allocate_buffer(iree_hal_allocator_t* allocator,
                                                 iree_hal_buffer_params_t params,
                                                 iree_device_size_t bytes,
                                                 iree_hal_buffer_t** buffer);
void iree_hal_buffer_release(iree_hal_buffer_t* buffer);
iree_status_t iree_hal_buffer_map_write(iree_hal_buffer_t* buffer, iree_device_size_t offset,
                                        const void* data, iree_device_size_t bytes);
iree_status_t iree_hal_buffer_map_read(iree_hal_buffer_t* buffer, iree_device_size_t offset,
                                       void* data, iree_device_size_t bytes);
iree_status_t iree_hal_buffer_view_create(iree_hal_buffer_t* buffer, iree_host_size_t rank,
                                          const iree_hal_dim_t* shape,
                                          iree_hal_element_type_t type, uint32_t encoding,
                                          iree_allocator_t allocator,
                                          iree_hal_buffer_view_t** view);
iree_hal_buffer_t* iree_hal_buffer_view_buffer(const iree_hal_buffer_view_t* view);
#endif
