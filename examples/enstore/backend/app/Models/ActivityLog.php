<?php

namespace App\Models;

/** What happened: orders, scheduler runs (`minute` is the one a run belongs to), syncs. */
class ActivityLog extends Model
{
    public const UPDATED_AT = null;

    protected $casts = ['context' => 'array'];
}
