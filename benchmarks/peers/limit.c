/* What the machine could do at best: the scenarios in plain C, with one clock of work for each weight.
 *
 * usage: limit DRAWS; the format of DRAWS is in ../scenarios/draws.py. Written for these scenarios only: few weights, a
 * cap of one core for everybody, no trees, nothing that a user could program. All guests of one weight advance
 * alike, so a host needs for each weight one clock (work done by each of them) and one heap of the clock values at
 * which they end; a change costs O(log n + weights), whatever the number that run. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_WEIGHTS = 8 };

typedef struct { double key; long order, what; } Entry;
typedef struct { Entry *entries; long count, room; } Heap;
typedef struct { double weight, clock, rate; Heap ends; } Class;
typedef struct { double cores, settled_s, armed_s; int classes; Class class[MOST_WEIGHTS]; } Host;

static long pushed;

static int before(const Entry *a, const Entry *b)
{
  return a->key < b->key || (a->key == b->key && a->order < b->order);
}

static void push(Heap *heap, double key, long what)
{
  if (heap->count == heap->room) {
    heap->room    = heap->room ? 2 * heap->room : 8;
    heap->entries = realloc(heap->entries, heap->room * sizeof(Entry));
  }
  const Entry entry = {key, pushed++, what};
  long place        = heap->count++;
  while (place && before(&entry, &heap->entries[(place - 1) / 2])) {
    heap->entries[place] = heap->entries[(place - 1) / 2];
    place                = (place - 1) / 2;
  }
  heap->entries[place] = entry;
}

static Entry pop(Heap *heap)
{
  const Entry first = heap->entries[0], last = heap->entries[--heap->count];
  long place = 0;
  for (;;) {
    long child = 2 * place + 1;
    if (child >= heap->count)
      break;
    if (child + 1 < heap->count && before(&heap->entries[child + 1], &heap->entries[child]))
      child++;
    if (!before(&heap->entries[child], &last))
      break;
    heap->entries[place] = heap->entries[child];
    place                = child;
  }
  heap->entries[place] = last;
  return first;
}

/* Bring the clocks to the present. */
static void settle(Host *host, double now_s)
{
  for (int number = 0; number < host->classes; number++)
    host->class[number].clock += host->class[number].rate * (now_s - host->settled_s);
  host->settled_s = now_s;
}

/* New rates, largest weight first: min(one core, weight * level). Returns when the next one ends. */
static double share(Host *host)
{
  double left = host->cores, weights = 0.0, soonest_s = INFINITY;
  for (int number = 0; number < host->classes; number++)
    weights += host->class[number].weight * host->class[number].ends.count;
  for (int number = host->classes - 1; number >= 0; number--) {
    Class *class = &host->class[number];
    if (!class->ends.count)
      continue;
    class->rate = fmin(1.0, left * class->weight / weights);
    left -= class->rate * class->ends.count;
    weights -= class->weight * class->ends.count;
    soonest_s = fmin(soonest_s, (class->ends.entries[0].key - class->clock) / class->rate);
  }
  return host->settled_s + fmax(0.0, soonest_s);
}

static Class *class_of(Host *host, double weight)
{
  int place = 0;
  while (place < host->classes && host->class[place].weight < weight)
    place++;
  if (place < host->classes && host->class[place].weight == weight)
    return &host->class[place];
  if (host->classes == MOST_WEIGHTS)
    exit(2);
  for (int number = host->classes++; number > place; number--)
    host->class[number] = host->class[number - 1];
  host->class[place] = (Class){.weight = weight};
  return &host->class[place];
}

static double *read_draws(const char *path)
{
  FILE *file = fopen(path, "rb");
  if (!file)
    exit(2);
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  rewind(file);
  double *draws = malloc(size);
  if (fread(draws, 1, size, file) != (size_t)size)
    exit(2);
  fclose(file);
  return draws;
}

static long peak_bytes(void)
{
  char line[256];
  long kib     = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %ld", &kib) == 1)
      break;
  return kib * 1024;
}

int main(int count, char **words)
{
  if (count < 2)
    return 2;
  const double *draws = read_draws(words[1]);
  const long hosts = draws[0], guests = draws[1], tasks = draws[2], all = hosts * guests;
  const double *weights = draws + 6, *times = weights + all;
  const double begin_s = (double)clock() / CLOCKS_PER_SEC;

  Host *host     = calloc(hosts, sizeof *host);
  double *asked  = calloc(all, sizeof *asked);
  long *finished = calloc(all, sizeof *finished);
  Heap calendar  = {0};
  for (long number = 0; number < hosts; number++)
    host[number] = (Host){.cores = draws[3], .armed_s = INFINITY};
  for (long number = 0; number < all; number++) {
    class_of(&host[number / guests], weights[number]);
    push(&calendar, times[number * tasks * 2], number);
  }
  double now_s = 0.0, response_s = 0.0;
  while (calendar.count) {
    const Entry event = pop(&calendar);
    now_s             = event.key;
    Host *here;
    if (event.what >= 0) { /* a guest has thought enough */
      const long number = event.what;
      here              = &host[number / guests];
      settle(here, now_s);
      asked[number] = now_s;
      Class *class  = class_of(here, weights[number]);
      push(&class->ends, class->clock + times[(number * tasks + finished[number]) * 2 + 1], number);
    } else { /* a host's timer; one that was overtaken is ignored */
      here = &host[-event.what - 1];
      if (now_s < here->armed_s)
        continue;
      here->armed_s = INFINITY;
      settle(here, now_s);
      const double grain_s = 1e-12 * fmax(1.0, now_s);
      for (int number = 0; number < here->classes; number++) {
        Class *class = &here->class[number];
        while (class->ends.count && class->ends.entries[0].key - class->clock <= class->rate * grain_s) {
          const long done = pop(&class->ends).what;
          response_s += now_s - asked[done];
          if (++finished[done] < tasks)
            push(&calendar, now_s + times[(done * tasks + finished[done]) * 2], done);
        }
      }
    }
    const double next_s = share(here);
    if (next_s < here->armed_s && next_s < INFINITY) {
      here->armed_s = next_s;
      push(&calendar, next_s, -(long)(here - host) - 1);
    }
  }
  printf("mean_response_s=%.17g makespan_s=%.17g tasks=%ld run_s=%.9f peak_bytes=%ld\n", response_s / (all * tasks),
         now_s, all * tasks, (double)clock() / CLOCKS_PER_SEC - begin_s, peak_bytes());
}
