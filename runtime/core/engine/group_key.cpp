#include "runtime/core/engine/group_key.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/cel/utf8.hpp"

namespace eventpulse {

std::string group_key_text(const cel::value& list) {
  auto key = cel::group_key(list);
  // Bytes and \u0000 may come from data. A list's own key begins otherwise.
  if (key.find('\0') != std::string::npos || !cel::is_utf8(key))
    return "base64:" + base64_encode(key);
  return key;
}

} // namespace eventpulse
