#pragma once

#include <initializer_list>
#include <string_view>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/keys.hpp"

namespace nakadachi::crypto {

/// The first 16 bytes of the keyed hash of `parts`, for one institution and purpose.
/// Errors: `kKeyUnavailable`.
Result<HoldingKey> holding_key(TenantCipher& cipher, const InstitutionCode& institution,
                               std::string_view purpose, std::initializer_list<ByteView> parts);

/// Seals a value to its section and key, so that it opens nowhere else.
/// Errors: `kKeyUnavailable`.
Result<Bytes> seal_holding(TenantCipher& cipher, std::string_view section, const HoldingKey& key,
                           ByteView plain, Random& random);

/// Errors: `kKeyUnavailable`, `kSealBroken`.
Result<Bytes> open_holding(TenantCipher& cipher, std::string_view section, const HoldingKey& key,
                           ByteView sealed);

}  // namespace nakadachi::crypto
