import java.nio.file.*;
import java.util.concurrent.CountDownLatch;

/** What a thread of Java on a thread of the system costs: start and end one after the other, and memory of sleepers. */
public class ThreadCost {
    static double processorSeconds() throws Exception {
        String[] stat = Files.readString(Path.of("/proc/self/stat")).split("\\) ")[1].split(" ");
        return (Long.parseLong(stat[11]) + Long.parseLong(stat[12])) / 100.0;
    }

    static long residentBytes() throws Exception {
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096L;
    }

    static void startAndEnd(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(() -> { });
            thread.start();
            thread.join();
        }
    }

    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[0]);
        startAndEnd(count);
        double processor = processorSeconds();
        long begin = System.nanoTime();
        startAndEnd(count);
        System.out.printf("start and end: %.2f us of wall clock, %.2f us of processor time%n",
            (System.nanoTime() - begin) / 1e3 / count, (processorSeconds() - processor) * 1e6 / count);
        int sleepers = 2000;
        CountDownLatch up = new CountDownLatch(sleepers), over = new CountDownLatch(1);
        System.gc();
        long resident = residentBytes();
        for (int i = 0; i < sleepers; i++) {
            new Thread(() -> {
                up.countDown();
                try { over.await(); } catch (InterruptedException stopped) { throw new IllegalStateException(stopped); }
            }).start();
        }
        up.await();
        System.out.printf("resident: %.1f KiB for a waiting thread%n", (residentBytes() - resident) / 1024.0 / sleepers);
        over.countDown();
    }
}
