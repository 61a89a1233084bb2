/**
 * A compute kernel that warms up: each iteration does the same work, in a score of short methods that are hot to very
 * different degrees. It prints what each iteration took, and allocates next to nothing.
 *
 * Arguments: iterations, rounds in each of them.
 */
public final class Kernel {
    private static final int SIZE = 1 << 12;
    private final int[] words = new int[SIZE];
    private final int[] sorted = new int[SIZE];
    private final double[] points = new double[SIZE];
    private long seed = 1;

    private int next() {
        seed ^= seed << 13;
        seed ^= seed >>> 7;
        seed ^= seed << 17;
        return (int) seed;
    }

    private void fill() {
        for (int i = 0; i < SIZE; i++) {
            words[i] = next();
            points[i] = unit(words[i]);
        }
    }

    private static double unit(int word) {
        return (word >>> 8) * 0x1p-24;
    }

    private static int rotate(int word, int by) {
        return (word << by) | (word >>> (32 - by));
    }

    private static int mix(int hash, int word) {
        return rotate(hash ^ word, 5) * 0x27d4eb2d + 1;
    }

    private int hash() {
        int hash = 17;
        for (int word : words) {
            hash = mix(hash, word);
        }
        return hash;
    }

    private void swap(int i, int j) {
        int kept = sorted[i];
        sorted[i] = sorted[j];
        sorted[j] = kept;
    }

    private boolean isBelow(int i, int j) {
        return sorted[i] < sorted[j];
    }

    private void sift(int root, int end) {
        int top = root;
        while (2 * top + 1 < end) {
            int child = 2 * top + 1;
            if (child + 1 < end && isBelow(child, child + 1)) {
                child++;
            }
            if (!isBelow(top, child)) {
                return;
            }
            swap(top, child);
            top = child;
        }
    }

    private void sort() {
        System.arraycopy(words, 0, sorted, 0, SIZE);
        for (int root = SIZE / 2 - 1; root >= 0; root--) {
            sift(root, SIZE);
        }
        for (int end = SIZE - 1; end > 0; end--) {
            swap(0, end);
            sift(0, end);
        }
    }

    private static double polynomial(double x) {
        return ((0.25 * x - 0.5) * x + 0.75) * x + 0.125;
    }

    private double integrate() {
        double sum = 0.0;
        for (int i = 1; i < SIZE; i++) {
            sum += polynomial(points[i]) * Math.abs(points[i] - points[i - 1]);
        }
        return sum;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    private int divisors() {
        int sum = 0;
        for (int i = 1; i < SIZE; i += 8) {
            sum += gcd(words[i] & 0x7fffffff, words[i - 1] & 0x7fffffff);
        }
        return sum;
    }

    private static int collatz(long n) {
        int steps = 0;
        while (n != 1) {
            n = (n & 1) == 0 ? n >> 1 : 3 * n + 1;
            steps++;
        }
        return steps;
    }

    private int chains() {
        int longest = 0;
        for (int i = 0; i < SIZE; i += 64) {
            longest = Math.max(longest, collatz(1 + (words[i] & 0xffff)));
        }
        return longest;
    }

    private int round() {
        fill();
        sort();
        return hash() + (int) integrate() + divisors() + chains() + sorted[SIZE / 2];
    }

    /** Runs the iterations. */
    public static void main(String[] arguments) {
        int iterations = Integer.parseInt(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        Kernel kernel = new Kernel();
        int result = 0;
        for (int iteration = 0; iteration < iterations; iteration++) {
            long begin = System.nanoTime();
            for (int i = 0; i < rounds; i++) {
                result += kernel.round();
            }
            System.out.println("iteration " + iteration + " ns " + (System.nanoTime() - begin));
        }
        System.out.println("result " + result);
    }
}
