#include "apps/common/stop_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::apps {

StopSignal::Registration::~Registration() {
  const std::scoped_lock lock(owner_->mutex_);
  owner_->stop_ = nullptr;
}

namespace {

int open_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  return signalfd(-1, &wanted, SFD_CLOEXEC);
}

}  // namespace

StopSignal::StopSignal() : signals_(open_signals()), ended_(eventfd(0, EFD_CLOEXEC)) {
  NAKADACHI_ASSERT(signals_ >= 0 && ended_ >= 0);
  waiter_ = std::thread([this] { wait(); });
}

StopSignal::~StopSignal() {
  eventfd_write(ended_, 1);
  waiter_.join();
  close(signals_);
  close(ended_);
}

StopSignal::Registration StopSignal::on_stop(std::function<void()> stop) {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = std::move(stop);
  }
  call_if_due();
  return Registration(*this);
}

bool StopSignal::stopped() {
  const std::scoped_lock lock(mutex_);
  return signalled_;
}

/// Under the lock, so that a registration does not end in the middle of the call.
void StopSignal::call_if_due() {
  const std::scoped_lock lock(mutex_);
  if (!signalled_ || !stop_) return;
  std::exchange(stop_, nullptr)();
}

void StopSignal::wait() {
  while (true) {
    std::array<pollfd, 2> waited = {{{.fd = signals_, .events = POLLIN, .revents = 0},
                                     {.fd = ended_, .events = POLLIN, .revents = 0}}};
    if (poll(waited.data(), waited.size(), -1) < 0) continue;
    if (waited[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (read(signals_, &signal, sizeof signal) != sizeof signal) continue;
    {
      const std::scoped_lock lock(mutex_);
      signalled_ = true;
    }
    call_if_due();
  }
}

}  // namespace nakadachi::apps
