<?php

namespace App\Orders;

use App\Models\ActivityLog;
use App\Models\Notification;
use App\Models\Order;
use Closure;
use Illuminate\Support\Facades\DB;

/**
 * The steps of an order, each one transaction that holds the order's row. An order may be delivered more than once, also to
 * two workers at a time: the supplier is asked with the same key each time and acts once, and of the workers the first that
 * gets here finishes the order; what the others find is a finished one.
 *
 * No row is held while the supplier is asked: that can take half a minute.
 */
class Fulfilment
{
    public function __construct(private Outbox $outbox)
    {
    }

    /** Takes an order in hand; null when nothing is left to do. */
    public function begin(string $uuid): ?Order
    {
        return $this->locked($uuid, function (Order $order) {
            if ($order->finished()) {
                $order->increment('redeliveries');
                $this->outbox->done($order);

                return null;
            }
            if ($order->delivering) {
                $order->redeliveries++;
            }
            $order->attempts++;
            $order->delivering = true;
            $order->save();
            $this->outbox->touch($order);

            return $order;
        });
    }

    /** The supplier did not take it this time. */
    public function postpone(string $uuid, string $why): void
    {
        $this->locked($uuid, function (Order $order) use ($why) {
            if (! $order->finished()) {
                $order->fill(['delivering' => false, 'error' => mb_substr($why, 0, 500)])->save();
                $this->outbox->touch($order);
            }
        });
    }

    /** The supplier took it. */
    public function complete(string $uuid, string $reference): void
    {
        $this->finish($uuid, Order::COMPLETED, ['supplier_reference' => $reference, 'error' => null], fn (Order $order) => "Your order of {$order->quantity} × {$order->sku} is complete.");
    }

    /** The supplier will never take it. */
    public function refuse(string $uuid, string $why): void
    {
        $this->finish($uuid, Order::FAILED, ['error' => mb_substr($why, 0, 500)], fn (Order $order) => "Your order of {$order->quantity} × {$order->sku} could not be carried out.");
    }

    /** Status, notification, outbox and activity log: all of it, once, or nothing. */
    private function finish(string $uuid, string $status, array $fields, Closure $message): void
    {
        $this->locked($uuid, function (Order $order) use ($status, $fields, $message) {
            if ($order->finished()) {
                $order->increment('redeliveries');

                return;
            }
            $order->fill($fields + ['status' => $status, 'delivering' => false, 'finished_at' => now()])->save();
            Notification::create(['order_id' => $order->id, 'type' => 'order.'.$status, 'message' => $message($order)]);
            $this->outbox->done($order);
            ActivityLog::create(['type' => 'order.'.$status, 'message' => "Order {$order->uuid}: {$status} after {$order->attempts} attempts", 'context' => ['order_id' => $order->uuid]]);
        });
    }

    /** Runs a step with the order's row held; null when there is no such order (the database is older than the queue). */
    private function locked(string $uuid, Closure $step): mixed
    {
        return DB::transaction(function () use ($uuid, $step) {
            $order = Order::where('uuid', $uuid)->lockForUpdate()->first();

            return $order === null ? null : $step($order);
        }, 3);
    }
}
