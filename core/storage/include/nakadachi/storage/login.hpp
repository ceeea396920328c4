#pragma once

#include <string>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::storage {

/// The servers that a connection string of libpq names, in its order, as 10.1.2.11:5432 or
/// [fd00::1]:5432. Sockets of this machine are left out, and a string that names nobody means
/// one, unless the environment does (PGHOST, PGHOSTADDR, PGSERVICE). Errors: `kConfigInvalid`,
/// field "login", for what is no connection string, and for one that names a service.
Result<std::vector<std::string>> servers_of(const std::string& login);

}  // namespace nakadachi::storage
