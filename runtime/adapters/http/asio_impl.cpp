// Compiles Asio, its TLS part and Beast once for the whole folder.

#include "runtime/adapters/http/asio.hpp"

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
