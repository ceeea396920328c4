#pragma once

#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/rules/law_book.hpp"

namespace nakadachi::wire {

/// An institution of the registry, as far as the law looks at it. The tenant of a
/// municipal body is its municipality. Never allocates.
rules::Party party_of(const crypto::RegistryEntry& entry) noexcept;

}  // namespace nakadachi::wire
