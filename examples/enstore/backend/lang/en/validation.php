<?php

return [
    'required' => 'The :attribute is required.',
    'string' => 'The :attribute must be text.',
    'integer' => 'The :attribute must be a whole number.',
    'min' => ['numeric' => 'The :attribute must be at least :min.', 'string' => 'The :attribute must have at least :min characters.'],
    'max' => ['numeric' => 'The :attribute must be at most :max.', 'string' => 'The :attribute must have at most :max characters.'],
    'between' => ['numeric' => 'The :attribute must be between :min and :max.'],
    'exists' => 'There is no such :attribute.',
    'in' => 'The :attribute must be one of: :values.',
    'uuid' => 'The :attribute must be a UUID.',
    'date' => 'The :attribute must be a time, such as 2026-01-31T12:00:00Z.',
    'regex' => 'The :attribute has characters that it must not have.',
    'attributes' => ['order_id' => 'order_id', 'idempotency_key' => 'Idempotency-Key header'],
];
