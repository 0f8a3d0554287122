#include <microhttpd.h>

// MHD_get_connection_info is variadic, which Swift cannot call. -1 when there is none.
static inline int pitot_mhd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}
