<?php

namespace App\Http\Controllers;

use App\Models\Order;
use App\Orders\KeyTaken;
use App\Orders\Placing;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Validator;
use Illuminate\Validation\Rule;
use Illuminate\Validation\ValidationException;

class OrderController
{
    public function store(Request $request, Placing $placing)
    {
        $key = $request->header('Idempotency-Key');
        $input = Validator::make($request->only('sku', 'quantity') + ['idempotency_key' => $key], [
            'sku' => ['bail', 'required', 'string', 'max:64', Rule::exists('products', 'sku')],
            'quantity' => ['bail', 'required', 'integer', 'between:1,1000'],
            'idempotency_key' => ['nullable', 'string', 'max:128', 'regex:/^[\x21-\x7e]+$/'],
        ])->validate();
        try {
            $order = $placing->place($input['sku'], (int) $input['quantity'], $key);
        } catch (KeyTaken) {
            throw ValidationException::withMessages(['idempotency_key' => 'This Idempotency-Key was used for another order.']);
        }

        if (! $order->wasRecentlyCreated) {
            // Without a Location: PHP would turn the 200 into a redirect.
            return response()->json(['data' => $order]);
        }

        return response()->json(['data' => $order], 201)->header('Location', '/api/orders/'.$order->uuid);
    }

    public function show(string $id)
    {
        return response()->json(['data' => Order::where('uuid', $id)->firstOrFail()]);
    }

    /** Newest first; `after` is the last order of the page before. */
    public function index(Request $request)
    {
        $input = Validator::make($request->query(), [
            'status' => ['nullable', Rule::in(Order::STATUSES)],
            'limit' => ['nullable', 'integer', 'between:1,500'],
            'after' => ['nullable', 'uuid'],
        ])->validate();
        $limit = (int) ($input['limit'] ?? 50);

        $query = Order::orderByDesc('id')->limit($limit + 1);
        if (isset($input['status'])) {
            $query->where('status', $input['status']);
        }
        if (isset($input['after'])) {
            $query->where('id', '<', Order::where('uuid', $input['after'])->firstOrFail()->id);
        }
        $orders = $query->get();
        $page = $orders->take($limit)->values();

        return response()->json(['data' => $page, 'next' => $orders->count() > $limit ? $page->last()->uuid : null]);
    }
}
