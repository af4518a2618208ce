<?php

namespace App\Http\Controllers;

use App\Models\Notification;
use App\Models\Order;
use Illuminate\Support\Facades\DB;

/** Counts, all of them of one moment. */
class StatsController
{
    public function __invoke()
    {
        return response()->json(DB::transaction(function () {
            $orders = Order::groupBy('status')->selectRaw('status, COUNT(*) AS n')->pluck('n', 'status');
            $sums = Order::selectRaw('COALESCE(SUM(attempts), 0) AS attempts, COALESCE(SUM(redeliveries), 0) AS redeliveries')->toBase()->first();
            $outbox = DB::table('outbox')->selectRaw('COALESCE(SUM(done_at IS NULL), 0) AS undone, COALESCE(SUM(GREATEST(dispatches, 1) - 1), 0) AS relayed')->first();
            $byStatus = collect(Order::STATUSES)->mapWithKeys(fn ($status) => [$status => (int) ($orders[$status] ?? 0)]);

            return [
                'orders' => $byStatus->all() + ['total' => $byStatus->sum()],
                'notifications' => Notification::count(),
                'attempts' => (int) $sums->attempts,
                'redeliveries' => (int) $sums->redeliveries,
                'outbox' => ['undone' => (int) $outbox->undone, 'relayed' => (int) $outbox->relayed],
                'failed_jobs' => DB::table('failed_jobs')->count(),
            ];
        }));
    }
}
