#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "nakadachi/base/result.hpp"
#include "nakadachi/firewall_rules/live.hpp"

/// Rule sets in the kernel of this host (of the calling thread's network namespace). Needs root.
/// Every function also returns `kFileProblem` when nft or a file cannot be used.
namespace nakadachi::apps {

/// What is loaded now, of all tables.
Result<std::vector<walls::ListedTable>> list_walls();

/// What `list_walls` would show if `rules` and nothing else were loaded: they are loaded in an
/// empty network namespace and listed there. Errors: `kWallsNotApplied` with nft's words.
Result<std::vector<walls::ListedTable>> list_as_if(const std::string& rules);

/// A change of rules that is undone by itself unless somebody confirms it in time, so that rules
/// which lock their author out do not stay. What is needed for that stands in a folder:
/// `former.nft` and `next.nft`; `pending` while nobody has confirmed, locked by who watches;
/// `rolled_back` when nobody did, with what came of it. The folder is locked while a change is
/// made, kept or undone: the functions, also those of other processes, wait for each other.
class RuleChange {
 public:
  /// Where systemd shows that it runs this machine, and its program that makes scopes.
  struct ServiceManager {
    std::string runs_here = "/run/systemd/system";
    std::string makes_scopes = "/usr/bin/systemd-run";
  };

  /// `kept`: the file that has the rules for the next start of the machine, changed as a whole.
  RuleChange(std::string folder, std::string kept) : RuleChange(folder, kept, ServiceManager()) {}
  RuleChange(std::string folder, std::string kept, ServiceManager manager)
      : folder_(std::move(folder)), kept_(std::move(kept)), manager_(std::move(manager)) {}

  /// Loads `rules` in one transaction and leaves a process behind that puts the former rules back
  /// after `patience`. That process has no terminal and no session and, where systemd runs, a scope
  /// of its own: it outlives the session, also where logind ends what users leave behind. It is
  /// there before anything is loaded. Errors: `kWallsPending` while a former change is not
  /// confirmed or has lost its watcher; `kWallsNotApplied` with nft's words, or when the kernel
  /// holds something else afterwards; nothing has changed then, or the words say that `roll_back`
  /// is needed.
  Result<void> apply(const std::string& rules, std::chrono::seconds patience) const;

  /// Keeps what was loaded, for the next start of the machine too. Errors: `kWallsPending` saying
  /// that nothing waits, that it was too late, or that nobody watches any more (the rules may never
  /// have been loaded). Whatever fails, the change still waits.
  Result<void> confirm() const;

  /// Keeps `rules`, which the kernel has already, for the next start of the machine. Errors:
  /// `kWallsPending` while a change waits.
  Result<void> keep(std::string_view rules) const;

  /// Puts the former rules back now. Errors: `kWallsPending` when nothing waits;
  /// `kWallsNotApplied`, and the change still waits.
  Result<void> roll_back() const;

 private:
  std::string path(const char* name) const { return folder_ + "/" + name; }
  static Result<void> load_and_check(const std::string& rules,
                                     const std::vector<walls::ListedTable>& expected);
  bool is_pending() const;
  bool is_watched() const;
  std::string unwatched() const;
  Result<void> refuse_while_pending() const;
  Result<void> write_kept(std::string_view rules) const;
  Result<void> remove(const char* name) const;
  Result<void> restore() const;
  Result<void> leave_watcher(std::chrono::seconds patience) const;
  bool leave_scope_of_session() const;
  void watch(std::chrono::seconds patience) const;

  std::string folder_;
  std::string kept_;
  ServiceManager manager_;
};

}  // namespace nakadachi::apps
