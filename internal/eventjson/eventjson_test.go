package eventjson

import "testing"

func TestNumbersAndBooleansAreStringsOnlyInLooseEvents(t *testing.T) {
	var version, name string
	var raw Raw
	fields := Fields{"version", &version, "a", Fields{"name", &name}, "raw", &raw}
	for _, test := range []struct{ event, strict, version, name string }{
		{`{"version":"1","a":{"name":"n"},"raw":[1 ]}`, "", "1", "n"},
		{`{"version":null,"a":null,"raw":[1 ]}`, "", "", ""},
		{`{"version":"1","version":"2","a":{"name":"n"},"a":{},"raw":0,"raw":[1 ]}`, "", "2", "n"},
		{`{"version":1.0,"raw":[1 ]}`, "version: is not a string", "1.0", ""},
		{`{"a":{"name":true},"raw":[1 ]}`, "a: name: is not a string", "", "true"},
	} {
		version, name = "", ""
		if err := ReadLoose([]byte(test.event), fields); err != nil || version != test.version || name != test.name {
			t.Errorf("%s: got %q and %q, %v", test.event, version, name, err)
		}
		if raw.Value != "[1 ]" || raw.Before+raw.Value+raw.After != test.event {
			t.Errorf("%s: got %+v", test.event, raw)
		}
		err := Read([]byte(test.event), fields)
		if test.strict == "" && err != nil || test.strict != "" && (err == nil || err.Error() != test.strict) {
			t.Errorf("%s: got %v, want %s", test.event, err, test.strict)
		}
	}
}
