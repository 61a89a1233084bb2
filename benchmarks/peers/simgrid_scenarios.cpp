// The scenarios on SimGrid's s4u interface: one actor a guest on a multi-core host, one execution a task.
//
// usage: simgrid_scenarios DRAWS [--cfg=...]; the format of DRAWS is in ../scenarios/draws.py.
// SimGrid keeps an execution to one core and shares a host by the executions' priorities.

#include <simgrid/s4u.hpp>
#include <simgrid/version.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

namespace sg = simgrid::s4u;

static double response_s = 0.0;

static std::vector<double> read(const char* path)
{
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<double> doubles(file.tellg() / sizeof(double));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(doubles.data()), doubles.size() * sizeof(double));
  return doubles;
}

static void guest(sg::Host* host, double weight, const double* times, long tasks)
{
  for (long task = 0; task < tasks; ++task) {
    sg::this_actor::sleep_for(times[2 * task]);
    const double begin_s = sg::Engine::get_clock();
    auto execution       = host->exec_init(times[2 * task + 1]);
    execution->set_priority(weight);
    execution->start();
    execution->wait();
    response_s += sg::Engine::get_clock() - begin_s;
  }
}

static double processor_s()
{
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

static long peak_bytes()
{
  std::ifstream status("/proc/self/status");
  std::string word;
  long kib = 0;
  while (status >> word)
    if (word == "VmHWM:")
      status >> kib;
  return kib * 1024;
}

int main(int count, char** words)
{
  sg::Engine engine(&count, words);
  const std::vector<double> draws = read(words[1]);
  const long hosts = draws[0], guests = draws[1], tasks = draws[2];
  const int cores      = draws[3];
  const double* weight = draws.data() + 6;
  const double* times  = weight + hosts * guests;

  const double begin_s = processor_s();
#if SIMGRID_VERSION >= 40000
  auto* zone = engine.get_netzone_root();
#else
  auto* zone = sg::create_full_zone("zone");
#endif
  std::vector<sg::Host*> machines;
  for (long number = 0; number < hosts; ++number) {
    const std::string name = "host " + std::to_string(number);
#if SIMGRID_VERSION >= 40000
    machines.push_back(zone->add_host(name, 1.0)->set_core_count(cores));
#else
    machines.push_back(zone->create_host(name, 1.0)->set_core_count(cores));
#endif
  }
  zone->seal();
  for (long number = 0; number < hosts * guests; ++number) {
    auto* host             = machines[number / guests];
    const std::string name = "guest " + std::to_string(number);
    const double* own      = times + number * tasks * 2;
#if SIMGRID_VERSION >= 40000
    host->add_actor(name, guest, host, weight[number], own, tasks);
#else
    sg::Actor::create(name, host, guest, host, weight[number], own, tasks);
#endif
  }
  engine.run();

  const long done = hosts * guests * tasks;
  std::printf("mean_response_s=%.17g makespan_s=%.17g tasks=%ld run_s=%.9f peak_bytes=%ld version=%ld\n",
              response_s / done, sg::Engine::get_clock(), done, processor_s() - begin_s, peak_bytes(),
              static_cast<long>(SIMGRID_VERSION));
}
