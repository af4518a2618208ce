<?php

namespace App\Models;

use Illuminate\Support\Str;

/**
 * An order, known outside by its UUID, which is also the idempotency key at the supplier. The number is for the order of lists.
 *
 * `delivering` is set while a worker has the order in hand; a delivery that finds it set knows that the one before ended
 * without a word.
 */
class Order extends Model
{
    public const PENDING = 'pending';

    public const COMPLETED = 'completed';

    public const FAILED = 'failed';

    public const STATUSES = [self::PENDING, self::COMPLETED, self::FAILED];

    protected $casts = [
        'quantity' => 'integer',
        'attempts' => 'integer',
        'redeliveries' => 'integer',
        'delivering' => 'boolean',
        'finished_at' => 'datetime',
    ];

    protected static function booted()
    {
        static::creating(fn (self $order) => $order->uuid ??= (string) Str::uuid());
    }

    public function finished(): bool
    {
        return $this->status !== self::PENDING;
    }

    public function toArray()
    {
        $time = fn ($at) => $at === null ? null : $this->serializeDate($at);

        return [
            'id' => $this->uuid,
            'sku' => $this->sku,
            'quantity' => $this->quantity,
            'status' => $this->status,
            'attempts' => $this->attempts,
            'redeliveries' => $this->redeliveries,
            'supplier_reference' => $this->supplier_reference,
            'error' => $this->error,
            'created_at' => $time($this->created_at),
            'updated_at' => $time($this->updated_at),
            'finished_at' => $time($this->finished_at),
        ];
    }
}
