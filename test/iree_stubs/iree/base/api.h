#ifndef STUB_IREE_BASE_API_H_
#define STUB_IREE_BASE_API_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef struct iree_status_handle_t* iree_status_t;
typedef size_t iree_host_size_t;
typedef uint64_t iree_device_size_t;
typedef struct {
  void* self;
} iree_allocator_t;
typedef struct {
  const char* data;
  iree_host_size_t size;
} iree_string_view_t;
#define IREE_ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#define IREE_RETURN_IF_ERROR(expr)                        \
  do {                                                    \
    iree_status_t status_ = (expr);                       \
    if (!iree_status_is_ok(status_)) return status_;      \
  } while (0)
bool iree_status_is_ok(iree_status_t status);
iree_status_t iree_ok_status(void);
int iree_status_code(iree_status_t status);
void iree_status_ignore(iree_status_t status);
iree_allocator_t iree_allocator_system(void);
iree_string_view_t iree_make_cstring_view(const char* text);
#endif
