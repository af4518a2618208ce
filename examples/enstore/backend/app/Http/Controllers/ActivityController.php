<?php

namespace App\Http\Controllers;

use App\Models\ActivityLog;
use Carbon\CarbonImmutable;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Validator;

/** Newest first. */
class ActivityController
{
    public function __invoke(Request $request)
    {
        $input = Validator::make($request->query(), [
            'type' => ['nullable', 'string', 'max:32'],
            'since' => ['nullable', 'date'],
            'limit' => ['nullable', 'integer', 'between:1,500'],
        ])->validate();

        $query = ActivityLog::orderByDesc('id')->limit((int) ($input['limit'] ?? 50));
        if (isset($input['type'])) {
            $query->where('type', $input['type']);
        }
        if (isset($input['since'])) {
            $query->where('created_at', '>=', CarbonImmutable::parse($input['since'])->utc()->format('Y-m-d H:i:s.v'));
        }

        return response()->json(['data' => $query->get()]);
    }
}
