<?php

namespace App\Exceptions;

use Illuminate\Database\DetectsLostConnections;
use Illuminate\Database\Eloquent\ModelNotFoundException;
use Illuminate\Foundation\Exceptions\Handler as Base;
use PDOException;
use RedisException;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;
use Symfony\Component\HttpKernel\Exception\ServiceUnavailableHttpException;
use Throwable;

/** Every answer is JSON, whatever the client says it accepts. */
class Handler extends Base
{
    use DetectsLostConnections;

    protected function shouldReturnJson($request, Throwable $e)
    {
        return true;
    }

    /** What is not there is told by its kind, not by its class; what cannot be reached is worth another try. */
    protected function prepareException(Throwable $e)
    {
        if ($e instanceof ModelNotFoundException) {
            $e = new NotFoundHttpException('There is no such '.strtolower(class_basename($e->getModel())).'.', $e);
        } elseif ($e instanceof RedisException || $e instanceof PDOException && $this->causedByLostConnection($e)) {
            $e = new ServiceUnavailableHttpException(1, 'The shop cannot reach its data at the moment; ask again.', $e);
        }

        return parent::prepareException($e);
    }

    protected function convertExceptionToArray(Throwable $e)
    {
        $array = parent::convertExceptionToArray($e);
        if ($array['message'] === '') {
            $array['message'] = 'There is nothing at this address.';
        } elseif (! $this->isHttpException($e) && ! config('app.debug')) {
            $array['message'] = 'Something went wrong here; the log has more.';
        }

        return $array;
    }

    protected function context()
    {
        return [];
    }
}
