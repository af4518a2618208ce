<?php

namespace App\Orders;

use App\Models\ActivityLog;
use App\Models\Order;
use Illuminate\Database\QueryException;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Str;

/** Takes orders: the order and its outbox row are written together, and only then is Redis told. */
class Placing
{
    /** The number of MySQL's and MariaDB's "duplicate entry". */
    private const DUPLICATE = 1062;

    public function __construct(private Outbox $outbox)
    {
    }

    /**
     * Places an order, or finds the one that was placed with the same key.
     *
     * @throws KeyTaken when the key belongs to another order
     */
    public function place(string $sku, int $quantity, ?string $key): Order
    {
        if ($key !== null && ($order = $this->earlier($sku, $quantity, $key))) {
            return $order;
        }
        try {
            $order = DB::transaction(fn () => $this->write($sku, $quantity, $key), 3);
        } catch (QueryException $e) {
            // Somebody with the same key was faster, between our look and our insert.
            if ($key !== null && ($e->errorInfo[1] ?? null) === self::DUPLICATE && ($order = $this->earlier($sku, $quantity, $key))) {
                return $order;
            }
            throw $e;
        }
        $this->outbox->dispatch($order);

        return $order;
    }

    private function earlier(string $sku, int $quantity, string $key): ?Order
    {
        $order = Order::where('idempotency_key', $key)->first();
        if ($order !== null && ($order->sku !== $sku || $order->quantity !== $quantity)) {
            throw new KeyTaken();
        }

        return $order;
    }

    private function write(string $sku, int $quantity, ?string $key): Order
    {
        $order = Order::create([
            'uuid' => (string) Str::uuid(),
            'idempotency_key' => $key,
            'sku' => $sku,
            'quantity' => $quantity,
            'status' => Order::PENDING,
            'attempts' => 0,
            'redeliveries' => 0,
        ]);
        $this->outbox->add($order);
        ActivityLog::create(['type' => 'order.created', 'message' => "Order {$order->uuid}: {$quantity} of {$sku}", 'context' => ['order_id' => $order->uuid]]);

        return $order;
    }
}
