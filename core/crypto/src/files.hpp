#pragma once

#include <string>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::crypto {

enum class Readers {
  kNotChecked,
  kOwnerOnly  ///< nobody but the owner may have any permission; the owner is this user or root
};

/// The first `most` bytes of a regular file, or all when it has fewer.
/// Errors: `kFileProblem`.
Result<SecretBytes> read_file(const std::string& path, std::size_t most, Readers readers);

/// Makes a file of mode 0600 that did not exist, and returns when content and
/// name are on the disk. Errors: `kFileProblem`; what was made is removed then.
Result<void> write_new_file(const std::string& path, ByteView content);

}  // namespace nakadachi::crypto
