/**
 * A loop of six dependent instructions of one cycle each: its time says the clock of the processor.
 *
 * Prints the best time of a turn in picoseconds.
 */
public final class Clock {
    private static long turn(long seed, int count) {
        long state = seed;
        for (int i = 0; i < count; i++) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
        }
        return state;
    }

    /** Measures it. */
    public static void main(String[] arguments) {
        int count = 2_000_000;
        long best = Long.MAX_VALUE;
        long state = 1;
        for (int i = 0; i < 100; i++) {
            long begin = System.nanoTime();
            state = turn(state, count);
            best = Math.min(best, System.nanoTime() - begin);
        }
        System.out.println("turn ps " + best * 1000 / count + " of " + state);
    }
}
