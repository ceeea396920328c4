#pragma once

#include <string>

#include "nakadachi/base/result.hpp"

namespace nakadachi::storage {

/// A folder with initdb and postgres of one version.
struct PostgresPrograms {
  std::string folder;
  unsigned major = 0;
};

/// The newest installed PostgreSQL of version 15 or later, or the one of version `major` when
/// that is not 0. Looks where Debian puts them, then along PATH. Errors: `kFileProblem` with the
/// name of the package that is missing.
Result<PostgresPrograms> find_postgres(unsigned major);

}  // namespace nakadachi::storage
