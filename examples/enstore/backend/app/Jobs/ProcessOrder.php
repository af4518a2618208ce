<?php

namespace App\Jobs;

use App\Orders\Fulfilment;
use App\Supplier\Refused;
use App\Supplier\Supplier;
use App\Supplier\Unavailable;
use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Queue\InteractsWithQueue;
use Illuminate\Support\Facades\Log;

/**
 * Asks the supplier for one order. Wherever the worker is killed, the job comes back (Redis gives it to the next one after
 * QUEUE_RETRY_AFTER), and a job that is lost altogether is dispatched again from the outbox:
 *
 *   before the supplier is asked     asked then
 *   after it, before the commit      asked again with the same key: same answer, no second effect
 *   after the commit                 the order is found finished, the delivery is counted
 *   out of tries                     failed_jobs has it, and the relay starts it anew
 */
class ProcessOrder implements ShouldQueue
{
    use InteractsWithQueue;
    use Queueable;

    /** Seconds between tries; one try more than there are pauses. */
    private const PAUSES = [1, 2, 4, 8, 16, 30];

    public int $tries = 7;

    public function __construct(public string $order)
    {
    }

    /** For tries that ended with an exception, such as a lost database. */
    public function backoff(): array
    {
        return self::PAUSES;
    }

    public function handle(Fulfilment $fulfilment, Supplier $supplier): void
    {
        $order = $fulfilment->begin($this->order);
        if ($order === null) {
            Log::info('order delivered again; nothing is left to do', ['order_id' => $this->order]);

            return;
        }
        try {
            $reference = $supplier->order($order);
        } catch (Refused $e) {
            $fulfilment->refuse($this->order, $e->getMessage());
            Log::warning('order refused', ['order_id' => $this->order, 'error' => $e->getMessage()]);

            return;
        } catch (Unavailable $e) {
            $fulfilment->postpone($this->order, $e->getMessage());
            $this->later($e);

            return;
        }
        $fulfilment->complete($this->order, $reference);
        Log::info('order completed', ['order_id' => $this->order, 'reference' => $reference, 'attempt' => $this->attempts()]);
    }

    private function later(Unavailable $why): void
    {
        $try = $this->attempts();
        if ($try >= $this->tries) {
            Log::error('order out of tries; the relay will start it anew', ['order_id' => $this->order, 'error' => $why->getMessage()]);
            $this->fail($why);

            return;
        }
        $pause = self::PAUSES[min($try, count(self::PAUSES)) - 1];
        Log::warning('order postponed', ['order_id' => $this->order, 'try' => $try, 'seconds' => $pause, 'error' => $why->getMessage()]);
        $this->release($pause);
    }
}
