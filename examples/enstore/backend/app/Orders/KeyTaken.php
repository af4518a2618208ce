<?php

namespace App\Orders;

use RuntimeException;

/** The Idempotency-Key was used before, for another order. */
class KeyTaken extends RuntimeException
{
}
