<?php

namespace App\Console\Commands;

use App\Orders\Outbox;
use Illuminate\Console\Command;
use Illuminate\Support\Facades\Log;

class RelayOrders extends Command
{
    protected $signature = 'orders:relay';

    protected $description = 'Dispatch again the orders that have been undone for too long and are not in the queue';

    public function handle(Outbox $outbox): int
    {
        $result = $outbox->relay();
        Log::log($result['dispatched'] > 0 ? 'warning' : 'info', 'orders relayed', $result);

        return self::SUCCESS;
    }
}
