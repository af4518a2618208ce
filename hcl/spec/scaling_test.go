package spec

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// parsed is a policy as Nomad's parser hands it over.
func parsed() map[string]any {
	return map[string]any{
		"step_up": 2,
		"target":  []map[string]any{{"backlog": 2.5}},
		"queue": []map[string]any{
			{"default": []map[string]any{{"type": "laravel", "database": 2}}},
			{"mail": []map[string]any{{"type": "celery", "service": "broker", "credential": "redis", "prefix": "p_"}}},
		},
	}
}

func TestAPolicyReadsTheSameFromTheParserAndFromTheAPI(t *testing.T) {
	text, err := json.Marshal(parsed())
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]any
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	want := &Scaling{
		Target: Target{Backlog: 2.5}, Cooldown: Duration(10 * time.Second), Stabilisation: Duration(time.Minute), StepUp: 2,
		Queues: []Queue{
			{Name: "default", Type: "laravel", Service: "shop-redis", Database: 2},
			{Name: "mail", Type: "celery", Service: "broker", Credential: "redis", Prefix: "p_"},
		},
	}
	for name, policy := range map[string]map[string]any{"parser": parsed(), "API": stored} {
		if got, faults := DecodeScaling(policy, "shop"); faults != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v %+v, want %+v", name, got, faults, want)
		}
	}
}

func TestPoliciesThatAreNotOurs(t *testing.T) {
	for name, policy := range map[string]map[string]any{
		"none":                       nil,
		"empty":                      {},
		"that of Nomad's autoscaler": {"cooldown": "1m", "check": []map[string]any{{"x": nil}}},
	} {
		if got, faults := DecodeScaling(policy, "shop"); got != nil || faults != nil {
			t.Errorf("%s: %+v %+v", name, got, faults)
		}
	}
}

func TestNoShapeOfAPolicyIsTooOdd(t *testing.T) {
	for name, policy := range map[string]map[string]any{
		"a text for a block":    {"target": "x", "queue": "y"},
		"a list of texts":       {"target": []any{"x"}, "queue": []any{"y"}},
		"a number for a type":   {"target": map[string]any{"wait": 3}, "queue": []any{map[string]any{"q": map[string]any{"type": 5}}}},
		"a null for everything": {"target": nil, "queue": nil, "cooldown": nil},
		"an empty target":       {"target": map[string]any{}, "queue": map[string]any{"q": map[string]any{"type": "rq"}}},
	} {
		if got, faults := DecodeScaling(policy, "shop"); got != nil || len(faults) == 0 {
			t.Errorf("%s: %+v without a fault", name, got)
		}
	}
}
