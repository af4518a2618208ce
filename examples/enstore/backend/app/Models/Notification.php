<?php

namespace App\Models;

/** What the customer is told about an order: one a finished order, held by a unique key. */
class Notification extends Model
{
    public const UPDATED_AT = null;
}
