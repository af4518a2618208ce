<?php

namespace App\Http\Controllers;

use App\Models\Notification;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Validator;

/** Newest first; all of them of one order, or the latest. */
class NotificationController
{
    public function __invoke(Request $request)
    {
        $input = Validator::make($request->query(), [
            'order_id' => ['nullable', 'uuid'],
            'limit' => ['nullable', 'integer', 'between:1,500'],
        ])->validate();

        $query = Notification::join('orders', 'orders.id', '=', 'notifications.order_id')
            ->orderByDesc('notifications.id')->limit((int) ($input['limit'] ?? 50))
            ->select('notifications.id', 'orders.uuid as order_id', 'notifications.type', 'notifications.message', 'notifications.created_at');
        if (isset($input['order_id'])) {
            $query->where('orders.uuid', $input['order_id']);
        }

        return response()->json(['data' => $query->get()]);
    }
}
