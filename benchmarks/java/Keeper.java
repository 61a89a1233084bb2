/**
 * A program that allocates, with a set of records that it keeps: each step makes some objects that die at once, and
 * puts one record in the place of an older one, so that the live set stays the same and old objects die too.
 *
 * Arguments: iterations, thousands of steps in each of them, kept records.
 */
public final class Keeper {
    /** Something that is kept: 24 bytes, and its payload of 16 + 80. */
    private static final class Entry {
        final long key;
        final byte[] payload;

        Entry(long key) {
            this.key = key;
            this.payload = new byte[80];
        }
    }

    /** Something that dies at once. */
    private static final class Message {
        final int[] words;
        final Message before;

        Message(int size, Message before) {
            this.words = new int[size];
            this.before = before;
        }
    }

    private final Entry[] kept;
    private Message last;
    private long seed = 1;

    private Keeper(int records) {
        kept = new Entry[records];
        for (int i = 0; i < records; i++) {
            kept[i] = new Entry(i);
        }
    }

    private int next() {
        seed = seed * 6364136223846793005L + 1442695040888963407L;
        return (int) (seed >>> 33);
    }

    private void remember(int size) {
        last = new Message(size, last == null || (size & 15) == 0 ? null : last);
        last.words[size / 2] = size;
    }

    private int step(boolean keeps) {
        int number = next();
        for (int i = 0; i < 8; i++) {
            remember(16 + (number >>> i & 31));
        }
        if (keeps) {
            kept[number % kept.length] = new Entry(number);
        }
        Entry entry = kept[next() % kept.length];
        return (int) entry.key + entry.payload[0] + last.words[0];
    }

    /** Runs the iterations. */
    public static void main(String[] arguments) {
        int iterations = Integer.parseInt(arguments[0]);
        int steps = 1000 * Integer.parseInt(arguments[1]);
        long begin = System.nanoTime();
        Keeper keeper = new Keeper(Integer.parseInt(arguments[2]));
        System.out.println("setup ns " + (System.nanoTime() - begin));
        int result = 0;
        for (int iteration = 0; iteration < iterations; iteration++) {
            begin = System.nanoTime();
            for (int i = 0; i < steps; i++) {
                result += keeper.step((i & 3) == 0);
            }
            System.out.println("iteration " + iteration + " ns " + (System.nanoTime() - begin));
        }
        System.out.println("result " + result);
    }
}
