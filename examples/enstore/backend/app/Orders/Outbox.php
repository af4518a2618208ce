<?php

namespace App\Orders;

use App\Jobs\ProcessOrder;
use App\Models\Order;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Log;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Redis;
use Throwable;

/**
 * The orders that are not done yet, whatever Redis knows about them. A row is due when nobody has touched its order for a
 * while; the relay then looks whether Redis still has it, and dispatches it again where it has not: it was lost with Redis, or
 * was never put there, or used up its tries.
 */
class Outbox
{
    private const BATCH = 500;

    private const CHUNK = 1000;

    /** Within the transaction that creates the order. */
    public function add(Order $order): void
    {
        DB::table('outbox')->insert(['order_id' => $order->id, 'due_at' => $this->soon(), 'created_at' => $this->now()]);
    }

    /** After the transaction. Redis being away is no failure of the order. */
    public function dispatch(Order $order): void
    {
        try {
            Queue::push(new ProcessOrder($order->uuid));
        } catch (Throwable $e) {
            Log::warning('order not dispatched; the relay will', ['order_id' => $order->uuid, 'error' => $e->getMessage()]);

            return;
        }
        try {
            DB::table('outbox')->where('order_id', $order->id)->increment('dispatches');
        } catch (Throwable $e) {
            // The order stands and is in the queue; only the count is one short.
            Log::warning('dispatch not counted', ['order_id' => $order->uuid, 'error' => $e->getMessage()]);
        }
    }

    /** Somebody works on the order: the relay need not look for it yet. */
    public function touch(Order $order): void
    {
        DB::table('outbox')->where('order_id', $order->id)->whereNull('done_at')->update(['due_at' => $this->soon()]);
    }

    /** Within the transaction that finishes the order. */
    public function done(Order $order): void
    {
        DB::table('outbox')->where('order_id', $order->id)->whereNull('done_at')->update(['done_at' => $this->now()]);
    }

    /**
     * Dispatches again what is due and not in Redis.
     *
     * @return array{due: int, dispatched: int}
     */
    public function relay(): array
    {
        $due = DB::table('outbox')->join('orders', 'orders.id', '=', 'outbox.order_id')
            ->whereNull('outbox.done_at')->where('outbox.due_at', '<', $this->now())
            ->orderBy('outbox.due_at')->limit(self::BATCH)
            ->get(['outbox.id', 'orders.uuid']);
        if ($due->isEmpty()) {
            return ['due' => 0, 'dispatched' => 0];
        }
        $queued = $this->queued();
        $dispatched = 0;
        foreach ($due as $row) {
            if (! isset($queued[$row->uuid])) {
                Queue::push(new ProcessOrder($row->uuid));
                DB::table('outbox')->where('id', $row->id)->increment('dispatches');
                $dispatched++;
            }
            // What waits in the queue is looked at again later, too, and leaves room for others in the batch.
            DB::table('outbox')->where('id', $row->id)->update(['due_at' => $this->soon()]);
        }

        return ['due' => $due->count(), 'dispatched' => $dispatched];
    }

    /**
     * The orders that Redis has: waiting, waiting for their next try, or with a worker. The queue moves while it is read, so
     * one may be missed; it is then dispatched twice, which does no harm.
     *
     * @return array<string, true>
     */
    private function queued(): array
    {
        $orders = [];
        $note = function (array $payloads) use (&$orders) {
            foreach ($payloads as $payload) {
                if ($order = json_decode($payload, true)['order'] ?? null) {
                    $orders[$order] = true;
                }
            }
        };
        foreach (['queues:default:reserved', 'queues:default:delayed'] as $set) {
            for ($from = 0; $part = Redis::zrange($set, $from, $from + self::CHUNK - 1); $from += self::CHUNK) {
                $note($part);
            }
        }
        for ($from = 0; $part = Redis::lrange('queues:default', $from, $from + self::CHUNK - 1); $from += self::CHUNK) {
            $note($part);
        }

        return $orders;
    }

    private function now(): string
    {
        return now()->format('Y-m-d H:i:s.v');
    }

    private function soon(): string
    {
        return now()->addSeconds(config('enstore.relay_after'))->format('Y-m-d H:i:s.v');
    }
}
